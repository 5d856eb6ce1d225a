import type { Message } from '@bufbuild/protobuf';
import { configToJson } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ConfigDumpSection, Json } from '@weft/observe-admin';
import type { ManagedListener, WarmingListener } from '@weft/proxy-listeners';
import type { ManagedCluster } from '@weft/proxy-upstream';
import type { Discovered } from './discovered.ts';
import { endpointsDump } from './endpoints-dump.ts';
import { failuresOf } from './failed-resources.ts';
import type { RecordedResource } from './recorded-resources.ts';
import type { DiscoveredRoutes } from './route-discovery.ts';

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';

/** Everything that /config_dump shows. */
export interface DumpedConfig {
  readonly bootstrap: Bootstrap;
  readonly bootstrapMs: number;
  readonly clusters: readonly ManagedCluster[];
  /** Clusters from CDS that wait for their first hosts. */
  readonly warmingClusters: readonly ManagedCluster[];
  readonly listeners: readonly ManagedListener[];
  readonly warmingListeners: readonly WarmingListener[];
  readonly drainingListeners: readonly ManagedListener[];
  readonly routes: readonly DiscoveredRoutes[];
  readonly secrets: readonly RecordedResource[];
  /** Filters that come by ECDS. */
  readonly filters: readonly RecordedResource[];
  readonly discovered: Discovered;
  readonly includeEds: boolean;
}

/** The sections of /config_dump, in Envoy's order. Source: envoy.admin.v3.ConfigDump. */
export function configDump(config: DumpedConfig): ConfigDumpSection[] {
  const { bootstrap, bootstrapMs, includeEds, filters } = config;
  return [
    { '@type': `${ADMIN}BootstrapConfigDump`, bootstrap: dump(bootstrap), last_updated: stamp(bootstrapMs) },
    clustersDump(config),
    ...(filters.length === 0 ? [] : [filtersDump(filters)]),
    ...(includeEds ? [endpointsDump(config.clusters)] : []),
    listenersDump(config),
    { '@type': `${ADMIN}ScopedRoutesConfigDump` },
    routesDump(config),
    secretsDump(config),
  ];
}

function clustersDump({ clusters, warmingClusters, discovered }: DumpedConfig): ConfigDumpSection {
  const failed = failuresOf(discovered.refused, 'envoy.config.cluster.v3.Cluster');
  const entry = ({ message, version, updatedMs }: ManagedCluster): Json => ({
    version_info: version ?? '',
    cluster: typed(message),
    last_updated: stamp(updatedMs),
    ...failed.take(message.name),
  });
  const active = clusters.filter(({ version }) => version !== undefined).map(entry);
  return {
    '@type': `${ADMIN}ClustersConfigDump`,
    ...versionField(discovered.cdsVersion),
    ...list(
      'static_clusters',
      clusters
        .filter(({ version }) => version === undefined)
        .map(({ message, updatedMs }) => ({ cluster: typed(message), last_updated: stamp(updatedMs) })),
    ),
    ...list('dynamic_active_clusters', active),
    ...list('dynamic_warming_clusters', [...warmingClusters.map(entry), ...failed.rest((state) => state)]),
  };
}

function listenersDump(config: DumpedConfig): ConfigDumpSection {
  const { listeners, warmingListeners, drainingListeners, discovered } = config;
  const failed = failuresOf(discovered.refused, 'envoy.config.listener.v3.Listener');
  const statics = listeners.filter(({ version }) => version === undefined);
  const states = new Map<string, Record<string, Json>>();
  const put = (field: string, entries: readonly WarmingListener[]): void => {
    for (const entry of entries) {
      if (entry.version === undefined) continue;
      const { name } = entry.message;
      states.set(name, { ...states.get(name), [field]: stateOf(entry) });
    }
  };
  put('active_state', listeners);
  put('warming_state', warmingListeners);
  put('draining_state', drainingListeners);
  return {
    '@type': `${ADMIN}ListenersConfigDump`,
    ...versionField(discovered.ldsVersion),
    ...list(
      'static_listeners',
      statics.map(({ message, updatedMs }) => ({ listener: typed(message), last_updated: stamp(updatedMs) })),
    ),
    ...list('dynamic_listeners', [
      ...[...states].map(([name, fields]) => ({ name, ...fields, ...failed.take(name) })),
      ...failed.rest((state, name) => ({ name, ...state })),
    ]),
  };
}

function stateOf({ message, version, updatedMs }: WarmingListener): Json {
  return { version_info: version ?? '', listener: typed(message), last_updated: stamp(updatedMs) };
}

function routesDump({ listeners, routes, discovered }: DumpedConfig): ConfigDumpSection {
  const failed = failuresOf(discovered.refused, 'envoy.config.route.v3.RouteConfiguration');
  return {
    '@type': `${ADMIN}RoutesConfigDump`,
    ...list(
      'static_route_configs',
      listeners.flatMap(({ message, updatedMs }) =>
        inlineRoutes(typed(message)).map((route) => ({ route_config: route, last_updated: stamp(updatedMs) })),
      ),
    ),
    ...list('dynamic_route_configs', [
      ...routes.flatMap(({ name, message, version, updatedMs }) =>
        message === undefined
          ? []
          : [
              {
                version_info: version,
                route_config: typed(message),
                last_updated: stamp(updatedMs),
                ...failed.take(name),
              },
            ],
      ),
      ...failed.rest((state) => state),
    ]),
  };
}

function secretsDump({ bootstrap, bootstrapMs, secrets, discovered }: DumpedConfig): ConfigDumpSection {
  const failed = failuresOf(discovered.refused, 'envoy.extensions.transport_sockets.tls.v3.Secret');
  const statics = bootstrap.staticResources?.secrets ?? [];
  const entry = ({ name, message, version, updatedMs }: RecordedResource): Json => ({
    name,
    ...(message === undefined
      ? // Envoy's word for it.
        { version_info: 'uninitialized', secret: { '@type': SECRET, name } }
      : { version_info: version, last_updated: stamp(updatedMs), secret: typed(message) }),
    ...failed.take(name),
  });
  const there = secrets.filter(({ message }) => message !== undefined).map(entry);
  const awaited = secrets.filter(({ message }) => message === undefined).map(entry);
  return {
    '@type': `${ADMIN}SecretsConfigDump`,
    ...list(
      'static_secrets',
      statics.map((secret) => ({ name: secret.name, last_updated: stamp(bootstrapMs), secret: typed(secret) })),
    ),
    ...list('dynamic_active_secrets', there),
    ...list('dynamic_warming_secrets', awaited),
  };
}

const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

function filtersDump(filters: readonly RecordedResource[]): ConfigDumpSection {
  return {
    '@type': `${ADMIN}EcdsConfigDump`,
    ecds_filters: filters.flatMap(({ message, version, updatedMs }) =>
      message === undefined
        ? []
        : [{ version_info: version, ecds_filter: typed(message), last_updated: stamp(updatedMs) }],
    ),
  };
}

/** As in Envoy, what is empty is not there. */
function list(name: string, entries: readonly Json[]): Record<string, Json> {
  return entries.length === 0 ? {} : { [name]: entries };
}

function versionField(version: string): Record<string, Json> {
  return version === '' ? {} : { version_info: version };
}

function dump(message: Message): Json {
  return configToJson(message) as Json;
}

function typed(message: Message): Json {
  return { '@type': `type.googleapis.com/${message.$typeName}`, ...(dump(message) as object) } as Json;
}

/** The route configurations inside a listener's connection managers. */
function inlineRoutes(value: Json): Json[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap((entry: Json) => inlineRoutes(entry));
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'route_config'
      ? [{ '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration', ...(inner as object) } as Json]
      : inlineRoutes(inner),
  );
}

function stamp(ms: number): string {
  return new Date(ms).toISOString();
}
