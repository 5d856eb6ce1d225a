import { configToJson } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ConfigDumpSection, Json } from '@weft/observe-admin';
import type { ManagedListener } from '@weft/proxy-listeners';
import type { ManagedCluster } from '@weft/proxy-upstream';
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
  readonly routes: readonly DiscoveredRoutes[];
}

/** The sections of /config_dump. Source: envoy.admin.v3.ConfigDump. */
export function configDump(config: DumpedConfig): ConfigDumpSection[] {
  const { bootstrap, bootstrapMs, clusters, warmingClusters, listeners, routes } = config;
  return [
    { '@type': `${ADMIN}BootstrapConfigDump`, bootstrap: dump(bootstrap), last_updated: stamp(bootstrapMs) },
    {
      '@type': `${ADMIN}ClustersConfigDump`,
      ...versionOf(clusters),
      static_clusters: clusters
        .filter(({ version }) => version === undefined)
        .map(({ message, updatedMs }) => ({ cluster: typed(message), last_updated: stamp(updatedMs) })),
      dynamic_active_clusters: clusters.filter(({ version }) => version !== undefined).map(discovered),
      dynamic_warming_clusters: warmingClusters.map(discovered),
    },
    {
      '@type': `${ADMIN}ListenersConfigDump`,
      ...versionOf(listeners),
      static_listeners: listeners
        .filter(({ version }) => version === undefined)
        .map(({ message, updatedMs }) => ({ listener: typed(message), last_updated: stamp(updatedMs) })),
      dynamic_listeners: listeners
        .filter(({ version }) => version !== undefined)
        .map(({ message, version, updatedMs }) => ({
          name: message.name,
          active_state: { version_info: version ?? '', listener: typed(message), last_updated: stamp(updatedMs) },
        })),
    },
    {
      '@type': `${ADMIN}RoutesConfigDump`,
      static_route_configs: listeners.flatMap(({ message, updatedMs }) =>
        inlineRoutes(typed(message)).map((route) => ({ route_config: route, last_updated: stamp(updatedMs) })),
      ),
      dynamic_route_configs: routes.flatMap(({ message, version, updatedMs }) =>
        message === undefined
          ? []
          : [{ version_info: version, route_config: typed(message), last_updated: stamp(updatedMs) }],
      ),
    },
  ];
}

function discovered({ message, version, updatedMs }: ManagedCluster) {
  return { version_info: version ?? '', cluster: typed(message), last_updated: stamp(updatedMs) };
}

function versionOf(list: readonly { readonly version: string | undefined }[]): { version_info?: string } {
  const version = list.find((entry) => entry.version !== undefined)?.version;
  return version === undefined ? {} : { version_info: version };
}

function dump(message: Parameters<typeof configToJson>[0]): Json {
  return configToJson(message) as Json;
}

function typed(message: Parameters<typeof configToJson>[0]): Json {
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
