import { mergeSupport, nearest, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { DnsCluster } from '@weft/api-envoy/gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { configSourceSupport, decodeConfigSource } from '@weft/model-config-source';
import { durationMs } from '@weft/model-policy';
import type { Discovery, OriginalDstOptions } from './cluster.ts';
import { dnsOptionsOfCluster, dnsOptionsOfExtension } from './dns-options.decode.ts';

const DNS_CLUSTER = 'envoy.extensions.clusters.dns.v3.DnsCluster';

export const discoverySupport: FieldSupport = mergeSupport([configSourceSupport, {
  'envoy.config.cluster.v3.Cluster': [
    'type', 'cluster_type', 'eds_cluster_config', 'original_dst_lb_config', 'cleanup_interval',
  ],
  'envoy.config.cluster.v3.Cluster.OriginalDstLbConfig': ['use_http_header', 'http_header_name', 'upstream_port_override'],
  'envoy.config.cluster.v3.Cluster.CustomClusterType': ['name', 'typed_config'],
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': ['eds_config', 'service_name'],
}]); // prettier-ignore

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
  if (message.loadAssignment !== undefined)
    cx.at('load_assignment').error('is not for clusters of type EDS', { expected: 'none, or type STATIC' });
  const source = decodeConfigSource(message.edsClusterConfig?.edsConfig, cx.at('eds_cluster_config', 'eds_config'));
  const serviceName = message.edsClusterConfig?.serviceName ?? '';
  return source && { kind: 'EDS', eds: { serviceName: serviceName === '' ? message.name : serviceName, source } };
}
