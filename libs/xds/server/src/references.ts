import { fromBinary, type Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { registry, typeNameOfUrl } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import type { GrpcService_EnvoyGrpc } from '@weft/api-envoy/gen/envoy/config/core/v3/grpc_service_pb';
import type { HttpUri } from '@weft/api-envoy/gen/envoy/config/core/v3/http_uri_pb';
import type { RouteAction } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { ZipkinConfig } from '@weft/api-envoy/gen/envoy/config/trace/v3/zipkin_pb';
import type {
  Rds,
  HttpFilter,
} from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { RedisProxy_PrefixRoutes_Route } from '@weft/api-envoy/gen/envoy/extensions/filters/network/redis_proxy/v3/redis_proxy_pb';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { SdsSecretConfig } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { shortType, TYPE_URL } from './type-urls.ts';

/** One resource names another, which it cannot work without. */
export interface Reference {
  readonly typeUrl: string;
  readonly name: string;
}

/** `cluster`, `route`: what people call the type. */
export function wordOf(typeUrl: string): string {
  return Object.entries(TYPE_URL).find(([, url]) => url === typeUrl)?.[0] ?? shortType(typeUrl);
}

/** What each message type that names other resources names. */
const READERS: Readonly<Record<string, (message: never) => readonly Reference[]>> = {
  'envoy.config.cluster.v3.Cluster': ofCluster,
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': ({ clusterName }: GrpcService_EnvoyGrpc) => toClusters([clusterName]),
  'envoy.config.core.v3.HttpUri': ({ httpUpstreamType: { value } }: HttpUri) => toClusters([value ?? '']),
  'envoy.config.route.v3.RouteAction': ofRoute,
  'envoy.config.trace.v3.ZipkinConfig': ({ collectorCluster }: ZipkinConfig) => toClusters([collectorCluster]),
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy.PrefixRoutes.Route': ofRedisRoute,
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': ofTcpProxy,
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': ofRds,
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': ofHttpFilter,
  'envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig': ofSecretConfig,
};

/**
 * The resources that a message names, at any depth and inside Any, each once. Only what comes from the same server: a source
 * that is a file is not ours to deliver.
 */
export function referencesOf(message: Message): readonly Reference[] {
  const found = new Map<string, Reference>();
  walk(message, (reference) => found.set(`${reference.typeUrl} ${reference.name}`, reference));
  return [...found.values()];
}

function walk(value: unknown, found: (reference: Reference) => void): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (Array.isArray(value)) {
    for (const entry of value) walk(entry, found);
    return;
  }
  const typeName = (value as Partial<Message>).$typeName;
  if (typeName === 'google.protobuf.Any') {
    walk(unpack(value as Any), found);
    return;
  }
  const read = typeName === undefined ? undefined : READERS[typeName];
  if (read !== undefined) for (const reference of read(value as never)) found(reference);
  for (const entry of Object.values(value)) if (typeof entry === 'object') walk(entry, found);
}

function unpack(any: Any): Message | undefined {
  const schema = registry().getMessage(typeNameOfUrl(any.typeUrl));
  try {
    return schema === undefined ? undefined : fromBinary(schema, any.value);
  } catch {
    // The proxy will say what is wrong with it; it names nothing that we could read.
    return undefined;
  }
}

/** DiscoveryType.EDS */
const EDS = 3;

function ofCluster(cluster: Cluster): readonly Reference[] {
  const { clusterDiscoveryType: type, edsClusterConfig: eds } = cluster;
  if (type.case !== 'type' || (type.value as number) !== EDS || !fromServer(eds?.edsConfig)) return [];
  const service = eds?.serviceName ?? '';
  return [{ typeUrl: TYPE_URL.endpoint, name: service === '' ? cluster.name : service }];
}

function ofRoute({ clusterSpecifier: specifier, requestMirrorPolicies }: RouteAction): readonly Reference[] {
  const mirrors = requestMirrorPolicies.map((policy) => policy.cluster).filter((name) => name !== '');
  if (specifier.case === 'cluster') return toClusters([specifier.value, ...mirrors]);
  if (specifier.case !== 'weightedClusters') return toClusters(mirrors);
  const weighted = specifier.value.clusters.map((cluster) => cluster.name).filter((name) => name !== '');
  return toClusters([...weighted, ...mirrors]);
}

function ofRedisRoute({ cluster, requestMirrorPolicy }: RedisProxy_PrefixRoutes_Route): readonly Reference[] {
  return toClusters([cluster, ...requestMirrorPolicy.map((mirror) => mirror.cluster)]);
}

function ofTcpProxy({ clusterSpecifier: specifier }: TcpProxy): readonly Reference[] {
  if (specifier.case === 'cluster') return toClusters([specifier.value]);
  if (specifier.case === 'weightedClusters') return toClusters(specifier.value.clusters.map((cluster) => cluster.name));
  return [];
}

function ofRds({ configSource, routeConfigName }: Rds): readonly Reference[] {
  return fromServer(configSource) ? [{ typeUrl: TYPE_URL.route, name: routeConfigName }] : [];
}

function ofHttpFilter({ name, configType }: HttpFilter): readonly Reference[] {
  if (configType.case !== 'configDiscovery' || !fromServer(configType.value.configSource)) return [];
  return [{ typeUrl: TYPE_URL.extension, name }];
}

/** A secret without a source is one of the bootstrap. */
function ofSecretConfig({ name, sdsConfig }: SdsSecretConfig): readonly Reference[] {
  return fromServer(sdsConfig) ? [{ typeUrl: TYPE_URL.secret, name }] : [];
}

function toClusters(names: readonly string[]): readonly Reference[] {
  return names.filter((name) => name !== '').map((name) => ({ typeUrl: TYPE_URL.cluster, name }));
}

function fromServer(source: ConfigSource | undefined): boolean {
  const kind = source?.configSourceSpecifier.case;
  return kind === 'ads' || kind === 'self' || kind === 'apiConfigSource';
}
