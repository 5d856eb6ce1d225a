import type { Duration, UInt32Value } from '@bufbuild/protobuf/wkt';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { HttpProtocolOptions, Http1ProtocolOptions } from '@weft/api-envoy/gen/envoy/config/core/v3/protocol_pb';
import type {
  HttpConnectionManager,
  HttpConnectionManager_Tracing,
  HttpFilter as HttpFilterProto,
} from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { decodeAccessLogs } from '@weft/observe-access-log';
import { decodeTracing, type TracingConfig } from '@weft/observe-tracing';
import { decodeCidr } from '@weft/model-match';
import { decodeRouteConfiguration } from '@weft/model-route';
import type { Http1ServerSettings } from '@weft/net-h1';
import type { HttpFilterFactory } from '@weft/proxy-filter-api';
import type { FilterConfig, HcmConfig, RouteSource } from './config.ts';
import { readBody } from './read-body.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** What is read here; the rest of the message is reported by name. */
export const supported: FieldSupport = {
  [HCM]: [
    'codec_type', 'stat_prefix', 'rds', 'route_config', 'http_filters', 'add_user_agent', 'tracing',
    'common_http_protocol_options', 'http_protocol_options', 'server_name', 'server_header_transformation',
    'max_request_headers_kb', 'stream_idle_timeout', 'request_timeout', 'access_log', 'use_remote_address',
    'xff_num_trusted_hops', 'internal_address_config', 'skip_xff_append', 'via', 'generate_request_id',
    'preserve_external_request_id', 'always_set_request_id_in_response', 'forward_client_cert_details',
    'proxy_100_continue', 'upgrade_configs', 'normalize_path', 'merge_slashes', 'strip_any_host_port',
    'strip_matching_host_port',
  ],
  [`${HCM}.UpgradeConfig`]: ['upgrade_type', 'enabled'],
  [`${HCM}.InternalAddressConfig`]: ['unix_sockets', 'cidr_ranges'],
  'envoy.extensions.filters.network.http_connection_manager.v3.Rds': ['config_source', 'route_config_name'],
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter': ['name', 'typed_config', 'is_optional', 'disabled'],
  'envoy.config.core.v3.HttpProtocolOptions': [
    'idle_timeout', 'max_connection_duration', 'max_headers_count', 'max_stream_duration', 'headers_with_underscores_action',
    'max_requests_per_connection',
  ],
  'envoy.config.core.v3.Http1ProtocolOptions': ['allow_absolute_url', 'accept_http_10', 'default_host_for_http_10', 'enable_trailers'],
}; // prettier-ignore

/** Decodes a connection manager; `filters` is the registry of HTTP filters. Faults go to `cx`. */
export function decodeHcm(
  message: HttpConnectionManager,
  cx: DecodeContext,
  filters: readonly HttpFilterFactory<unknown>[],
): HcmConfig | undefined {
  const before = cx.faults.length;
  const routes = decodeRoutes(message, cx);
  const chain = decodeFilters(message.httpFilters, cx.at('http_filters'), filters);
  const common = message.commonHttpProtocolOptions;
  const internal = message.internalAddressConfig;
  const config = {
    statPrefix: message.statPrefix,
    codecType: codecType(message.codecType, cx.at('codec_type')),
    http1: http1Settings(message, message.httpProtocolOptions, common),
    ...requestOptions(message),
    internalRanges: (internal?.cidrRanges ?? []).flatMap(
      (range, i) => decodeCidr(range, cx.at('internal_address_config', 'cidr_ranges', i)) ?? [],
    ),
    unixSocketsInternal: internal?.unixSockets ?? false,
    upgrades: new Set(
      message.upgradeConfigs.filter((entry) => entry.enabled !== false).map((entry) => entry.upgradeType.toLowerCase()),
    ),
    streamIdleTimeoutMs: durationMs(message.streamIdleTimeout) ?? 300_000,
    requestTimeoutMs: durationMs(message.requestTimeout) ?? 0,
    maxStreamDurationMs: durationMs(common?.maxStreamDuration) ?? 0,
    idleTimeoutMs: durationMs(common?.idleTimeout) ?? 3_600_000,
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration) ?? 0,
    maxRequestsPerConnection: uint(common?.maxRequestsPerConnection) ?? 0,
    accessLogs: decodeAccessLogs(message.accessLog, cx.at('access_log')),
    tracing: tracing(message.tracing, cx.at('tracing')),
  };
  if (cx.faults.length > before || routes === undefined || chain === undefined) return undefined;
  return { ...config, routes, filters: chain.slice(0, -1), terminal: chain[chain.length - 1] as FilterConfig };
}

/** Milliseconds of a protobuf duration; undefined for none. */
export function durationMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

function uint(value: number | UInt32Value | undefined): number | undefined {
  return typeof value === 'object' ? value.value : value;
}

function decodeRoutes(message: HttpConnectionManager, cx: DecodeContext): RouteSource | undefined {
  const { case: kind, value } = message.routeSpecifier;
  if (kind === 'routeConfig') {
    const table = decodeRouteConfiguration(value, cx.at('route_config'), { readBody });
    return table === undefined ? undefined : { kind: 'static', table };
  }
  if (kind === 'rds') {
    if (value.configSource !== undefined)
      return { kind: 'rds', name: value.routeConfigName, source: value.configSource };
    cx.at('rds', 'config_source').error('is missing', { expected: 'a config source, for example path_config_source' });
  } else if (kind === undefined) {
    cx.error('has no routes', { expected: 'route_config or rds' });
  } else {
    cx.at('scoped_routes').later('', { expected: 'route_config or rds' });
  }
  return undefined;
}

function decodeFilters(
  list: readonly HttpFilterProto[],
  cx: DecodeContext,
  registry: readonly HttpFilterFactory<unknown>[],
): FilterConfig[] | undefined {
  if (list.length === 0) {
    cx.error('is empty', { expected: 'a list that ends in envoy.filters.http.router' });
    return undefined;
  }
  const chain: FilterConfig[] = [];
  list.forEach((entry, i) => {
    // Only a route could switch it on again, and no route can yet: typed_per_filter_config of it is reported.
    if (entry.disabled) return;
    const decoded = decodeFilter(entry, cx.at(i), registry);
    if (decoded === undefined) return;
    chain.push(decoded);
    const last = i === list.length - 1;
    if (last && !decoded.factory.terminal)
      cx.at(i).error(`"${entry.name}" cannot be the last filter`, { expected: 'envoy.filters.http.router at the end' });
    if (!last && decoded.factory.terminal)
      cx.at(i).error(`"${entry.name}" answers requests, so no filter behind it would run`, {
        expected: 'it at the end',
      });
  });
  return chain.length > 0 ? chain : undefined;
}

function decodeFilter(
  entry: HttpFilterProto,
  cx: DecodeContext,
  registry: readonly HttpFilterFactory<unknown>[],
): FilterConfig | undefined {
  if (entry.configType.case === 'configDiscovery') {
    cx.at('config_discovery').later('', { expected: 'typed_config' });
    return undefined;
  }
  const place = cx.at('typed_config');
  const message = place.unpack(entry.configType.value);
  if (message === undefined) return undefined;
  const factory = registry.find((candidate) => candidate.typeName === message.$typeName);
  if (factory === undefined) {
    const known = registry.map((candidate) => candidate.typeName).join(', ');
    const subject = `the filter ${message.$typeName}`;
    if (entry.isOptional) place.warn(`${subject} is not implemented by Weft yet; it is left out, as is_optional says`);
    else place.later(subject, { expected: `one of: ${known}` });
    return undefined;
  }
  const config = factory.decode(message, place);
  return config === undefined ? undefined : { name: entry.name, factory, config };
}

function codecType(type: number, cx: DecodeContext): HcmConfig['codecType'] {
  if (type === 3) cx.later('HTTP/3', { expected: 'AUTO, HTTP1 or HTTP2' });
  return type === 1 ? 'HTTP1' : type === 2 ? 'HTTP2' : 'AUTO';
}

function http1Settings(
  message: HttpConnectionManager,
  http1: Http1ProtocolOptions | undefined,
  common: HttpProtocolOptions | undefined,
): Partial<Http1ServerSettings> {
  return {
    maxRequestHeadersKb: uint(message.maxRequestHeadersKb) ?? 60,
    maxHeadersCount: uint(common?.maxHeadersCount) ?? 100,
    enableTrailers: http1?.enableTrailers ?? false,
    acceptHttp10: http1?.acceptHttp10 ?? false,
    defaultHostForHttp10: http1?.defaultHostForHttp10 ?? '',
    allowAbsoluteUrl: http1?.allowAbsoluteUrl ?? true,
    headersWithUnderscoresAction:
      (['allow', 'reject', 'drop'] as const)[common?.headersWithUnderscoresAction ?? 0] ?? 'allow',
  };
}

function requestOptions(message: HttpConnectionManager) {
  const { stripPortMode } = message;
  const anyPort = stripPortMode.case === 'stripAnyHostPort' && stripPortMode.value;
  return {
    serverName: message.serverName === '' ? 'envoy' : message.serverName,
    serverHeader:
      (['OVERWRITE', 'APPEND_IF_ABSENT', 'PASS_THROUGH'] as const)[message.serverHeaderTransformation] ?? 'OVERWRITE',
    useRemoteAddress: message.useRemoteAddress ?? false,
    xffNumTrustedHops: message.xffNumTrustedHops,
    skipXffAppend: message.skipXffAppend,
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
    via: message.via,
    addUserAgent: message.addUserAgent ?? false,
    proxy100Continue: message.proxy100Continue,
    normalizePath: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    stripPort: anyPort ? 'any' : message.stripMatchingHostPort ? 'matching' : 'none',
    forwardClientCert:
      (['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'] as const)[
        message.forwardClientCertDetails
      ] ?? 'SANITIZE',
  } as const;
}

function tracing(message: HttpConnectionManager_Tracing | undefined, cx: DecodeContext): TracingConfig | undefined {
  return message === undefined ? undefined : decodeTracing(message, cx);
}
