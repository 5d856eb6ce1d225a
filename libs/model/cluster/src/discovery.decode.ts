import type { Duration } from '@bufbuild/protobuf/wkt';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import { nearest } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import type { DnsCluster } from '@weft/api-envoy/gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import { durationMs } from '@weft/model-policy';
import type { Discovery, DnsLookupFamily, DnsOptions } from './cluster.ts';

const DNS_CLUSTER = 'envoy.extensions.clusters.dns.v3.DnsCluster';

export const discoverySupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': [
    'type', 'cluster_type', 'eds_cluster_config', 'dns_refresh_rate', 'dns_jitter', 'dns_failure_refresh_rate',
    'respect_dns_ttl', 'dns_lookup_family', 'dns_resolvers', 'use_tcp_for_dns_lookups', 'dns_resolution_config',
    'typed_dns_resolver_config',
  ],
  'envoy.config.cluster.v3.Cluster.RefreshRate': ['base_interval', 'max_interval'],
  'envoy.config.cluster.v3.Cluster.CustomClusterType': ['name', 'typed_config'],
  'envoy.config.cluster.v3.Cluster.EdsClusterConfig': ['eds_config', 'service_name'],
  'envoy.config.core.v3.ConfigSource': ['path', 'path_config_source', 'initial_fetch_timeout', 'resource_api_version'],
  'envoy.config.core.v3.PathConfigSource': ['path', 'watched_directory'],
  'envoy.config.core.v3.WatchedDirectory': ['path'],
  [DNS_CLUSTER]: [
    'dns_refresh_rate', 'dns_failure_refresh_rate', 'respect_dns_ttl', 'dns_jitter', 'dns_lookup_family',
    'all_addresses_in_single_endpoint', 'typed_dns_resolver_config',
  ],
  [`${DNS_CLUSTER}.RefreshRate`]: ['base_interval', 'max_interval'],
}; // prettier-ignore

const TYPES = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'] as const;
/** Cluster.DnsLookupFamily has no UNSPECIFIED; common.dns.v3.DnsLookupFamily has one, which is AUTO. */
const CLUSTER_FAMILIES: readonly DnsLookupFamily[] = ['AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL'];
const DNS_FAMILIES: readonly DnsLookupFamily[] = ['AUTO', 'AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL'];
/** The extensions that are the same as a type of the enum. */
const EXTENSIONS: Readonly<Record<string, 'STATIC' | 'STRICT_DNS' | 'LOGICAL_DNS' | 'EDS'>> = {
  'envoy.cluster.static': 'STATIC',
  'envoy.cluster.strict_dns': 'STRICT_DNS',
  'envoy.cluster.logical_dns': 'LOGICAL_DNS',
  'envoy.cluster.eds': 'EDS',
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
    warnOfResolver(dns.typedDnsResolverConfig !== undefined, place.at('typed_config', 'typed_dns_resolver_config'));
    return {
      kind: dns.allAddressesInSingleEndpoint ? 'LOGICAL_DNS' : 'STRICT_DNS',
      dns: dnsOptions(dns, DNS_FAMILIES[dns.dnsLookupFamily] ?? 'AUTO', place.at('typed_config')),
    };
  }
  const suggestion = nearest(value.name, ['envoy.clusters.dns', ...Object.keys(EXTENSIONS)]);
  place.later(`cluster type "${value.name}"`, {
    expected: 'envoy.clusters.dns, or type STATIC, STRICT_DNS, LOGICAL_DNS or EDS',
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
      warnOfResolver(message.dnsResolvers.length > 0, cx.at('dns_resolvers'));
      warnOfResolver(message.dnsResolutionConfig !== undefined, cx.at('dns_resolution_config'));
      warnOfResolver(message.typedDnsResolverConfig !== undefined, cx.at('typed_dns_resolver_config'));
      return { kind: type, dns: dnsOptions(message, CLUSTER_FAMILIES[message.dnsLookupFamily] ?? 'AUTO', cx) };
    case 'ORIGINAL_DST':
      cx.at('type').later('cluster type ORIGINAL_DST', {
        expected: 'STATIC, STRICT_DNS, LOGICAL_DNS or EDS',
      });
      return undefined;
  }
}

function warnOfResolver(set: boolean, cx: DecodeContext): void {
  if (set) cx.warn("is not used: names are resolved by this machine's own resolver, /etc/hosts included");
}

interface DnsFields {
  readonly dnsRefreshRate?: Duration | undefined;
  readonly dnsJitter?: Duration | undefined;
  readonly dnsFailureRefreshRate?:
    { readonly baseInterval?: Duration | undefined; readonly maxInterval?: Duration | undefined } | undefined;
  readonly respectDnsTtl: boolean;
}

function dnsOptions(message: DnsFields, lookupFamily: DnsLookupFamily, cx: DecodeContext): DnsOptions {
  const refreshRateMs = durationMs(message.dnsRefreshRate, 5000);
  if (refreshRateMs < 1) cx.at('dns_refresh_rate').error('is too short', { expected: 'at least 0.001s' });
  const failure = message.dnsFailureRefreshRate;
  const baseMs = durationMs(failure?.baseInterval, refreshRateMs);
  const maxMs = durationMs(failure?.maxInterval, baseMs * 10);
  if (maxMs < baseMs)
    cx.at('dns_failure_refresh_rate', 'max_interval').error('is shorter than base_interval', {
      expected: `at least ${baseMs / 1000}s`,
    });
  return {
    refreshRateMs,
    failureRefreshRate: failure === undefined ? undefined : { baseMs, maxMs },
    respectTtl: message.respectDnsTtl,
    lookupFamily,
    jitterMs: durationMs(message.dnsJitter, 0),
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
