import type { Duration } from '@bufbuild/protobuf/wkt';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type { DnsResolutionConfig } from '@weft/api-envoy/gen/envoy/config/core/v3/resolver_pb';
import type { TypedExtensionConfig } from '@weft/api-envoy/gen/envoy/config/core/v3/extension_pb';
import type { DnsCluster } from '@weft/api-envoy/gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb';
import type { CaresDnsResolverConfig } from '@weft/api-envoy/gen/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb';
import { parseIp } from '@weft/model-match';
import { durationMs } from '@weft/model-policy';
import type { DnsLookupFamily, DnsOptions, DnsServers } from './cluster.ts';

const RESOLVERS = 'envoy.extensions.network.dns_resolver';
const CARES = `${RESOLVERS}.cares.v3.CaresDnsResolverConfig`;
const GETADDRINFO = `${RESOLVERS}.getaddrinfo.v3.GetAddrInfoDnsResolverConfig`;
const DNS_CLUSTER = 'envoy.extensions.clusters.dns.v3.DnsCluster';

export const dnsSupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': [
    'dns_refresh_rate', 'dns_jitter', 'dns_failure_refresh_rate', 'respect_dns_ttl', 'dns_lookup_family', 'dns_resolvers',
    'dns_resolution_config', 'typed_dns_resolver_config',
  ],
  'envoy.config.cluster.v3.Cluster.RefreshRate': ['base_interval', 'max_interval'],
  [DNS_CLUSTER]: [
    'dns_refresh_rate', 'dns_failure_refresh_rate', 'respect_dns_ttl', 'dns_jitter', 'dns_lookup_family',
    'all_addresses_in_single_endpoint', 'typed_dns_resolver_config', 'dns_min_refresh_rate',
  ],
  [`${DNS_CLUSTER}.RefreshRate`]: ['base_interval', 'max_interval'],
  'envoy.config.core.v3.DnsResolutionConfig': ['resolvers', 'dns_resolver_options'],
  // Names are asked for as they are written, so there is no search domain to leave out.
  'envoy.config.core.v3.DnsResolverOptions': ['no_default_search_domain'],
  [CARES]: [
    'resolvers', 'use_resolvers_as_fallback', 'dns_resolver_options', 'query_timeout_seconds', 'query_tries',
    // These bound how c-ares keeps its sockets; none is kept here between questions.
    'udp_max_queries', 'max_udp_channel_duration', 'reinit_channel_on_timeout',
  ],
  [GETADDRINFO]: [],
}; // prettier-ignore

/** Cluster.DnsLookupFamily has no UNSPECIFIED; common.dns.v3.DnsLookupFamily has one, which is AUTO. */
const CLUSTER_FAMILIES: readonly DnsLookupFamily[] = ['AUTO', 'V4_ONLY', 'V6_ONLY', 'V4_PREFERRED', 'ALL'];
const DNS_FAMILIES: readonly DnsLookupFamily[] = ['AUTO', ...CLUSTER_FAMILIES];

/** The DNS options among a cluster's own fields. Faults go to `cx`, which stands at the cluster. */
export function dnsOptionsOfCluster(message: Cluster, cx: DecodeContext): DnsOptions {
  return dnsOptions(message, CLUSTER_FAMILIES[message.dnsLookupFamily] ?? 'AUTO', {
    cx,
    servers: decodeDnsServers(message, cx),
  });
}

/** The same of the extension envoy.clusters.dns. */
export function dnsOptionsOfExtension(message: DnsCluster, cx: DecodeContext): DnsOptions {
  const servers = decodeDnsServers({ typedDnsResolverConfig: message.typedDnsResolverConfig }, cx);
  return dnsOptions(message, DNS_FAMILIES[message.dnsLookupFamily] ?? 'AUTO', { cx, servers });
}

interface DnsFields {
  readonly dnsRefreshRate?: Duration | undefined;
  readonly dnsMinRefreshRate?: Duration | undefined;
  readonly dnsJitter?: Duration | undefined;
  readonly dnsFailureRefreshRate?:
    { readonly baseInterval?: Duration | undefined; readonly maxInterval?: Duration | undefined } | undefined;
  readonly respectDnsTtl: boolean;
}

function dnsOptions(
  message: DnsFields,
  lookupFamily: DnsLookupFamily,
  { cx, servers }: { cx: DecodeContext; servers: DnsServers | undefined },
): DnsOptions {
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
    minRefreshRateMs: durationMs(message.dnsMinRefreshRate, 0),
    servers,
  };
}

/** This machine's resolver, and how servers are asked where nothing else is said. */
export const SYSTEM_DNS: DnsServers = { addresses: [], asFallback: false, queryTimeoutMs: 5000, queryTries: 4 };

/** Where a cluster or a bootstrap names DNS servers. */
export interface DnsServerFields {
  readonly dnsResolvers?: readonly Address[];
  readonly dnsResolutionConfig?: DnsResolutionConfig | undefined;
  readonly typedDnsResolverConfig?: TypedExtensionConfig | undefined;
}

/** Undefined where nothing is said. The newest of the three ways to name servers wins, as in Envoy. Faults go to `cx`. */
export function decodeDnsServers(message: DnsServerFields, cx: DecodeContext): DnsServers | undefined {
  const { typedDnsResolverConfig: typed, dnsResolutionConfig: config, dnsResolvers = [] } = message;
  if (typed !== undefined) return typedServers(typed, cx.at('typed_dns_resolver_config'));
  if (config !== undefined)
    return { ...SYSTEM_DNS, addresses: addressTexts(config.resolvers, cx.at('dns_resolution_config', 'resolvers')) };
  if (dnsResolvers.length === 0) return undefined;
  return { ...SYSTEM_DNS, addresses: addressTexts(dnsResolvers, cx.at('dns_resolvers')) };
}

function typedServers(config: TypedExtensionConfig, cx: DecodeContext): DnsServers {
  const message = cx.at('typed_config').unpack(config.typedConfig);
  if (message === undefined || message.$typeName === GETADDRINFO) return SYSTEM_DNS;
  if (message.$typeName !== CARES) {
    cx.later(`resolver "${message.$typeName}"`, { expected: `${CARES} or ${GETADDRINFO}` });
    return SYSTEM_DNS;
  }
  const cares = message as CaresDnsResolverConfig;
  return {
    addresses: addressTexts(cares.resolvers, cx.at('typed_config', 'resolvers')),
    asFallback: cares.useResolversAsFallback,
    queryTimeoutMs:
      cares.queryTimeoutSeconds === undefined ? SYSTEM_DNS.queryTimeoutMs : Number(cares.queryTimeoutSeconds) * 1000,
    queryTries: cares.queryTries ?? SYSTEM_DNS.queryTries,
  };
}

function addressTexts(list: readonly Address[], cx: DecodeContext): string[] {
  return list.flatMap(({ address: { case: kind, value } }, i) => {
    const place = cx.at(i);
    if (kind !== 'socketAddress' || parseIp(value.address) === undefined) {
      place.error('is not the IP address of a DNS server', { expected: 'socket_address: {address, port_value}' });
      return [];
    }
    const port = value.portSpecifier.case === 'portValue' ? value.portSpecifier.value || 53 : 53;
    return [value.address.includes(':') ? `[${value.address}]:${port}` : `${value.address}:${port}`];
  });
}
