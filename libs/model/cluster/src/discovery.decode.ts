import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import { nearest } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import type { DnsCluster } from '@weft/api-envoy/gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { durationMs } from '@weft/model-policy';
import type { Discovery, OriginalDstOptions } from './cluster.ts';
import { dnsOptionsOfCluster, dnsOptionsOfExtension } from './dns-options.decode.ts';

const DNS_CLUSTER = 'envoy.extensions.clusters.dns.v3.DnsCluster';

export const discoverySupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': [
    'type', 'cluster_type', 'eds_cluster_config', 'original_dst_lb_config', 'cleanup_interval',
  ],
  'envoy.config.cluster.v3.Cluster.OriginalDstLbConfig': ['use_http_header', 'http_header_name', 'upstream_port_override'],
  'envoy.config.cluster.v3.Cluster.CustomClusterType': ['name', 'typed_config'],
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': ['eds_config', 'service_name'],
  'envoy.config.core.v3.ConfigSource': ['path', 'path_config_source', 'initial_fetch_timeout', 'resource_api_version'],
  'envoy.config.core.v3.PathConfigSource': ['path', 'watched_directory'],
  'envoy.config.core.v3.WatchedDirectory': ['path'],
}; // prettier-ignore

const TYPES = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'] as const;
/** The extensions that are the same as a type of the enum. */
const EXTENSIONS: Readonly<Record<string, (typeof TYPES)[number]>> = {
  'envoy.cluster.static': 'STATIC',
  'envoy.cluster.strict_dns': 'STRICT_DNS',
  'envoy.cluster.logical_dns': 'LOGICAL_DNS',
  'envoy.cluster.eds': 'EDS',
  'envoy.cluster.original_dst': 'ORIGINAL_DST',
};

/** Where the hosts come from. Faults go to `cx`, which stands at the cluster. */
export function decodeDiscovery(message: Cluster, cx: DecodeContext): Discovery | undefined {
  const { case: which, value } = message.clusterDiscoveryType;
  if (which !== 'clusterType') return ofType(TYPES[value ?? 0] ?? 'STATIC', message, cx);
  const place = cx.at('cluster_type');
  const known = EXTENSIONS[value.name];
  if (value.typedConfig === undefined && known !== undefined) return ofType(known, message, cx);
  const config = place.at('typed_config').unpack(value.typedConfig);
  if (config === undefined) return undefined;
  if (config.$typeName === DNS_CLUSTER) {
    const dns = config as DnsCluster;
    return {
      kind: dns.allAddressesInSingleEndpoint ? 'LOGICAL_DNS' : 'STRICT_DNS',
      dns: dnsOptionsOfExtension(dns, place.at('typed_config')),
    };
  }
  const suggestion = nearest(value.name, ['envoy.clusters.dns', ...Object.keys(EXTENSIONS)]);
  place.later(`cluster type "${value.name}"`, {
    expected: 'envoy.clusters.dns, or type STATIC, STRICT_DNS, LOGICAL_DNS, EDS or ORIGINAL_DST',
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  return undefined;
}

function ofType(type: (typeof TYPES)[number], message: Cluster, cx: DecodeContext): Discovery | undefined {
  switch (type) {
    case 'STATIC':
      return { kind: 'STATIC' };
    case 'EDS':
      return decodeEds(message, cx);
    case 'STRICT_DNS':
    case 'LOGICAL_DNS':
      return { kind: type, dns: dnsOptionsOfCluster(message, cx) };
    case 'ORIGINAL_DST':
      return { kind: 'ORIGINAL_DST', originalDst: decodeOriginalDst(message, cx) };
  }
}

function decodeOriginalDst({ lbConfig, cleanupInterval }: Cluster, cx: DecodeContext): OriginalDstOptions {
  const config = lbConfig.case === 'originalDstLbConfig' ? lbConfig.value : undefined;
  const name = config?.httpHeaderName ?? '';
  if (config?.metadataKey !== undefined) cx.at('original_dst_lb_config', 'metadata_key').later('');
  return {
    header: config?.useHttpHeader === true ? (name === '' ? 'x-envoy-original-dst-host' : name.toLowerCase()) : '',
    portOverride: config?.upstreamPortOverride,
    cleanupIntervalMs: durationMs(cleanupInterval, 5000),
  };
}

function decodeEds(message: Cluster, cx: DecodeContext): Discovery | undefined {
  const place = cx.at('eds_cluster_config', 'eds_config');
  const source = message.edsClusterConfig?.edsConfig;
  if (message.loadAssignment !== undefined)
    cx.at('load_assignment').error('is not for clusters of type EDS', { expected: 'none, or type STATIC' });
  const file = source === undefined ? undefined : decodePath(source, place);
  if (source === undefined) place.error('is missing', { expected: 'path_config_source' });
  if (source === undefined || file === undefined) return undefined;
  const serviceName = message.edsClusterConfig?.serviceName ?? '';
  return {
    kind: 'EDS',
    eds: {
      serviceName: serviceName === '' ? message.name : serviceName,
      ...file,
      initialFetchTimeoutMs: durationMs(source.initialFetchTimeout, 15_000),
    },
  };
}

function decodePath(source: ConfigSource, cx: DecodeContext): { path: string; watchedDirectory: string } | undefined {
  const { case: kind, value } = source.configSourceSpecifier;
  if (kind === 'path') return { path: value, watchedDirectory: '' };
  if (kind === 'pathConfigSource') return { path: value.path, watchedDirectory: value.watchedDirectory?.path ?? '' };
  const hint = { expected: 'path_config_source' };
  if (kind === undefined) cx.error('names no source', hint);
  else cx.later('a source of endpoints over gRPC', hint);
  return undefined;
}
