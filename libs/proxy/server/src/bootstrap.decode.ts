import { toJson, type JsonObject } from '@bufbuild/protobuf';
import { existsSync } from 'node:fs';
import { registry, type DecodeContext } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ConfigSource as ConfigSourceMessage } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import { decodeBindConfig, decodeDnsServers, type DnsServers, type SourceAddress } from '@weft/model-cluster';
import { decodeAdsConfig, decodeConfigSource, type AdsConfig, type ConfigSource } from '@weft/model-config-source';
import { decodeListenerAddress, type ListenerAddress } from '@weft/model-listener';
import { decodeAccessLogs, type AccessLogConfig } from '@weft/observe-access-log';
import { decodeSecret, type Secret } from '@weft/model-tls';
import { decodeStatsSinks, type StatsSinkConfig } from '@weft/observe-metrics';
import { createAuthorities, type Authorities } from '@weft/xds-client';
import { decodeTracingProvider, type ZipkinConfig } from '@weft/observe-tracing';
import type { ProxyOptions } from './options.ts';
import { decodeOverload, type OverloadConfig } from './overload/overload.decode.ts';
import { flattenRuntime, type RuntimeLayer } from './runtime-layers.ts';

/** Who this proxy is, for those that it asks and tells. */
export interface NodeConfig {
  readonly id: string;
  readonly cluster: string;
  readonly zone: string;
  readonly region: string;
  readonly subZone: string;
  readonly metadata: JsonObject | undefined;
}

/** The bootstrap's own part; its listeners and clusters are decoded by their managers. */
export interface BootstrapConfig {
  readonly node: NodeConfig;
  readonly admin: { readonly address: ListenerAddress; readonly accessLogs: readonly AccessLogConfig[] } | undefined;
  readonly layers: readonly RuntimeLayer[];
  readonly lds: ConfigSource | undefined;
  readonly cds: ConfigSource | undefined;
  /** Who serves which xdstp names; undefined: nobody does. */
  readonly authorities: Authorities | undefined;
  /** The aggregated stream. */
  readonly ads: AdsConfig | undefined;
  readonly overload: OverloadConfig;
  /** Where connections to upstreams come from (cluster_manager.upstream_bind_config). Empty: the system chooses. */
  readonly sourceAddresses: readonly SourceAddress[];
  /** Who resolves the names of clusters that name no servers; undefined: this machine. */
  readonly dnsServers: DnsServers | undefined;
  /** static_resources.secrets, by name. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** The provider of whatever traces and names none of its own. Source: Bootstrap.tracing. */
  readonly tracing: ZipkinConfig | undefined;
  /** Who is told how many requests went where. Source: ClusterManager.load_stats_config. */
  readonly loadStats: AdsConfig | undefined;
  /** Who says what to check. Source: Bootstrap.hds_config. */
  readonly hds: AdsConfig | undefined;
  /** Who is told of all stats at each flush. Source: Bootstrap.stats_sinks. */
  readonly statsSinks: readonly StatsSinkConfig[];
  /** Default 5,000. */
  readonly statsFlushIntervalMs: number;
}

/** Decodes what is not a listener or a cluster; flags win over the file, as in Envoy. */
export function decodeBootstrap(message: Bootstrap, cx: DecodeContext, options: ProxyOptions): BootstrapConfig {
  const { node, tracing, statsFlushInterval: flushInterval } = message;
  return {
    node: {
      id: options.serviceNode || (node?.id ?? ''),
      cluster: options.serviceCluster || (node?.cluster ?? ''),
      zone: options.serviceZone || (node?.locality?.zone ?? ''),
      region: node?.locality?.region ?? '',
      subZone: node?.locality?.subZone ?? '',
      metadata: node?.metadata,
    },
    admin: decodeAdmin(message, cx.at('admin')),
    layers: decodeLayers(message, cx.at('layered_runtime', 'layers')),
    ...decodeDynamic(message, cx.at('dynamic_resources')),
    loadStats: decodeLoadStats(message, cx.at('cluster_manager', 'load_stats_config')),
    hds: message.hdsConfig && decodeAdsConfig(message.hdsConfig, cx.at('hds_config')),
    statsSinks: decodeStatsSinks(message.statsSinks, cx.at('stats_sinks')),
    authorities: decodeAuthorities(message, cx),
    overload: decodeOverload(message.overloadManager, cx.at('overload_manager')),
    sourceAddresses: decodeBind(message, cx.at('cluster_manager', 'upstream_bind_config')),
    dnsServers: decodeDnsServers(message, cx),
    secrets: decodeSecrets(message, cx.at('static_resources', 'secrets')),
    tracing: tracing?.http && decodeTracingProvider(tracing.http, cx.at('tracing', 'http')),
    statsFlushIntervalMs:
      flushInterval === undefined ? 5000 : Number(flushInterval.seconds) * 1000 + flushInterval.nanos / 1e6,
  };
}

function decodeDynamic(
  { dynamicResources }: Bootstrap,
  cx: DecodeContext,
): Pick<BootstrapConfig, 'lds' | 'cds' | 'ads'> {
  const { adsConfig, cdsConfig, ldsConfig } = dynamicResources ?? {};
  const ads = adsConfig && decodeAdsConfig(adsConfig, cx.at('ads_config'));
  const source = (message: typeof cdsConfig, place: DecodeContext): ConfigSource | undefined => {
    const decoded = message && decodeConfigSource(message, place);
    if (decoded?.kind === 'file') requireFile(decoded.path, message, place);
    if (decoded?.kind === 'ads' && adsConfig === undefined)
      place.at('ads').error('there is no aggregated stream', { expected: 'dynamic_resources.ads_config' });
    if (decoded?.kind === 'self') place.at('self').error('a bootstrap has no source of its own', { expected: 'ads' });
    return decoded;
  };
  return { ads, cds: source(cdsConfig, cx.at('cds_config')), lds: source(ldsConfig, cx.at('lds_config')) };
}

/** Source: Bootstrap.config_sources, default_config_source. */
function decodeAuthorities(
  { configSources, defaultConfigSource }: Bootstrap,
  cx: DecodeContext,
): Authorities | undefined {
  if (configSources.length === 0 && defaultConfigSource === undefined) return undefined;
  const sources = configSources.flatMap((message, i) => {
    const place = cx.at('config_sources', i);
    const source = decodeConfigSource(message, place);
    if (message.authorities.length === 0)
      place.at('authorities').error('is empty', { expected: 'the authorities of the xdstp names that it serves' });
    return source === undefined ? [] : [{ authorities: message.authorities.map(({ name }) => name), source }];
  });
  const otherwise = defaultConfigSource && decodeConfigSource(defaultConfigSource, cx.at('default_config_source'));
  return createAuthorities(sources, otherwise);
}

/** A file cannot be told from a typing error once the proxy waits for it, so it has to be there at the start. */
function requireFile(path: string, message: ConfigSourceMessage | undefined, cx: DecodeContext): void {
  if (existsSync(path)) return;
  const place = message?.configSourceSpecifier.case === 'path' ? ['path'] : ['path_config_source', 'path'];
  cx.at(...place).error(`"${path}" does not exist`);
}

function decodeLoadStats({ clusterManager }: Bootstrap, cx: DecodeContext): AdsConfig | undefined {
  const message = clusterManager?.loadStatsConfig;
  return message && decodeAdsConfig(message, cx);
}

function decodeBind(message: Bootstrap, cx: DecodeContext): readonly SourceAddress[] {
  const bind = message.clusterManager?.upstreamBindConfig;
  return bind === undefined ? [] : decodeBindConfig(bind, cx);
}

function decodeSecrets(message: Bootstrap, cx: DecodeContext): ReadonlyMap<string, Secret> {
  const secrets = new Map<string, Secret>();
  (message.staticResources?.secrets ?? []).forEach((entry, i) => {
    const place = cx.at(i);
    const secret = decodeSecret(entry, place);
    if (secrets.has(entry.name)) place.at('name').error(`there are two secrets named "${entry.name}"`);
    if (secret !== undefined) secrets.set(entry.name, secret);
  });
  return secrets;
}

function decodeAdmin(message: Bootstrap, cx: DecodeContext): BootstrapConfig['admin'] {
  const { admin } = message;
  // Envoy too runs without an admin server where it has no address.
  if (admin?.address === undefined) return undefined;
  const address = decodeListenerAddress(admin.address, cx.at('address'));
  return address === undefined
    ? undefined
    : { address, accessLogs: decodeAccessLogs(admin.accessLog, cx.at('access_log')) };
}

function decodeLayers(message: Bootstrap, cx: DecodeContext): RuntimeLayer[] {
  const layers = message.layeredRuntime?.layers ?? [];
  // Without layers of its own a proxy still has the admin's, so that POST /runtime_modify works.
  if (layers.length === 0) return [{ name: 'admin', kind: 'admin', values: new Map() }];
  return layers.flatMap((layer, i): RuntimeLayer[] => {
    const { case: kind, value } = layer.layerSpecifier;
    if (kind === 'adminLayer') return [{ name: layer.name, kind: 'admin', values: new Map() }];
    if (kind === 'staticLayer') {
      const json: unknown = value;
      return [{ name: layer.name, kind: 'static', values: new Map(flattenRuntime(json)) }];
    }
    if (kind === 'diskLayer' && !existsSync(value.symlinkRoot))
      cx.at(i, 'disk_layer', 'symlink_root').error(`"${value.symlinkRoot}" does not exist`);
    if (kind === 'rtdsLayer') {
      const source = decodeConfigSource(value.rtdsConfig, cx.at(i, 'rtds_layer', 'rtds_config'));
      return source === undefined
        ? []
        : [{ name: layer.name, kind: 'rtds', values: new Map(), discovery: { name: value.name, source } }];
    }
    cx.at(i).later(kind ?? 'a layer without a kind', { expected: 'static_layer, rtds_layer or admin_layer' });
    return [];
  });
}

/** A message as JSON with the proto's field names, as dumps print it. */
export function messageJson(message: Parameters<typeof toJson>[1]): unknown {
  return toJson(registry().getMessage(message.$typeName)!, message, { registry: registry(), useProtoFieldName: true });
}
