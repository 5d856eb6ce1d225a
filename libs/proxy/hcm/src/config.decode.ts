import type { Message } from '@bufbuild/protobuf';
import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  HttpConnectionManager,
  HttpConnectionManager_SetCurrentClientCertDetails,
  HttpConnectionManager_Tracing,
  HttpConnectionManager_UpgradeConfig,
} from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeAccessLogs } from '@weft/observe-access-log';
import { decodeTracing, type TracingConfig } from '@weft/observe-tracing';
import { decodeCidr } from '@weft/model-match';
import { durationMs } from '@weft/model-policy';
import { decodeRouteConfiguration } from '@weft/model-route';
import type { GrowingRoutes, HttpFilterFactory } from '@weft/proxy-filter-api';
import type { HcmConfig, RouteSource, UpgradeConfig } from './config.ts';
import type { ClientCertDetails } from './forward-client-cert.ts';
import { accessLogOptionsSupport, decodeAccessLogOptions } from './access-log-options.decode.ts';
import { decodeHttpFilters } from './http-filters.decode.ts';
import { decodeLocalReply, localReplySupport } from './local-reply.decode.ts';
import { decodeHttp1Settings, decodeHttp2Options, protocolOptionsSupport } from './protocol-options.decode.ts';
import { decodeOriginalIp, originalIpSupport } from './original-ip.decode.ts';
import { readBody } from './read-body.ts';
import { configSourceSupport, decodeConfigSource } from '@weft/model-config-source';
import { routeFilterConfigs } from './route-filter-config.decode.ts';

const PACKAGE = 'envoy.extensions.filters.network.http_connection_manager.v3';
const HCM = `${PACKAGE}.HttpConnectionManager`;

/** What is read here; the rest of the message is reported by name. */
export const supported: FieldSupport = mergeSupport([{
  [HCM]: [
    'codec_type', 'stat_prefix', 'rds', 'route_config', 'http_filters', 'add_user_agent', 'tracing',
    'common_http_protocol_options', 'http_protocol_options', 'http2_protocol_options', 'server_name',
    'server_header_transformation', 'scheme_header_transformation', 'max_request_headers_kb', 'stream_idle_timeout',
    'request_timeout', 'request_headers_timeout', 'drain_timeout', 'drain_timeout_jitter', 'delayed_close_timeout', 'stream_flush_timeout', 'access_log', 'use_remote_address',
    'xff_num_trusted_hops', 'internal_address_config', 'skip_xff_append', 'via', 'generate_request_id',
    'preserve_external_request_id', 'always_set_request_id_in_response', 'forward_client_cert_details',
    'set_current_client_cert_details', 'proxy_100_continue', 'upgrade_configs', 'normalize_path', 'merge_slashes',
    'path_with_escaped_slashes_action', 'strip_any_host_port', 'strip_matching_host_port', 'strip_trailing_host_dot',
    'stream_error_on_invalid_http_message', 'append_x_forwarded_port', 'local_reply_config',
    'original_ip_detection_extensions',
  ],
  [`${HCM}.CodecType`]: ['AUTO', 'HTTP1', 'HTTP2'],
  [`${HCM}.UpgradeConfig`]: ['upgrade_type', 'enabled', 'filters'],
  [`${HCM}.InternalAddressConfig`]: ['unix_sockets', 'cidr_ranges'],
  [`${HCM}.SetCurrentClientCertDetails`]: ['subject', 'cert', 'chain', 'dns', 'uri'],
  'envoy.config.core.v3.SchemeHeaderTransformation': ['scheme_to_overwrite'],
  [`${PACKAGE}.Rds`]: ['config_source', 'route_config_name'],
  [`${PACKAGE}.HttpFilter`]: ['name', 'typed_config', 'is_optional', 'disabled', 'config_discovery'],
  'envoy.config.core.v3.ExtensionConfigSource': [
    'config_source', 'default_config', 'apply_default_config_without_warming', 'type_urls',
  ],
  'envoy.config.core.v3.TypedExtensionConfig': ['name', 'typed_config'],
}, accessLogOptionsSupport, protocolOptionsSupport, localReplySupport, originalIpSupport, configSourceSupport]); // prettier-ignore

type Registry = readonly HttpFilterFactory<unknown>[];

/** Decodes a connection manager; `filters` is the registry of HTTP filters. Faults go to `cx`. */
export function decodeHcm(message: HttpConnectionManager, cx: DecodeContext, filters: Registry): HcmConfig | undefined {
  const before = cx.faults.length;
  const routes = decodeRoutes(message, cx, filters);
  const chain = decodeHttpFilters(message.httpFilters, cx.at('http_filters'), filters);
  const common = message.commonHttpProtocolOptions;
  const internal = message.internalAddressConfig;
  const config = {
    statPrefix: message.statPrefix,
    codecType: codecType(message.codecType, cx.at('codec_type')),
    http1: decodeHttp1Settings(message.httpProtocolOptions, cx.at('http_protocol_options'), {
      common,
      maxRequestHeadersKb: message.maxRequestHeadersKb ?? 60,
      streamErrorOnInvalidHttpMessage: message.streamErrorOnInvalidHttpMessage ?? false,
    }),
    http2: decodeHttp2Options(
      message.http2ProtocolOptions,
      cx.at('http2_protocol_options'),
      message.streamErrorOnInvalidHttpMessage ?? false,
    ),
    ...requestOptions(message),
    originalIpDetectors: decodeOriginalIp(message, cx),
    internalRanges: (internal?.cidrRanges ?? []).flatMap(
      (range, i) => decodeCidr(range, cx.at('internal_address_config', 'cidr_ranges', i)) ?? [],
    ),
    unixSocketsInternal: internal?.unixSockets ?? false,
    upgrades: decodeUpgrades(message.upgradeConfigs, cx.at('upgrade_configs'), filters),
    ...times(message),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    localReply: decodeLocalReply(message.localReplyConfig, cx.at('local_reply_config')),
    accessLogs: decodeAccessLogs(message.accessLog, cx.at('access_log')),
    accessLogOptions: decodeAccessLogOptions(message, cx),
    tracing: tracing(message.tracing, cx.at('tracing')),
  };
  if (cx.faults.length > before || routes === undefined || chain === undefined) return undefined;
  return { ...config, routes, ...chain };
}

function times(message: HttpConnectionManager) {
  const common = message.commonHttpProtocolOptions;
  return {
    streamIdleTimeoutMs: durationMs(message.streamIdleTimeout, 300_000),
    requestTimeoutMs: durationMs(message.requestTimeout, 0),
    streamFlushTimeoutMs: durationMs(message.streamFlushTimeout, durationMs(message.streamIdleTimeout, 300_000)),
    requestHeadersTimeoutMs: durationMs(message.requestHeadersTimeout, 0),
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    idleTimeoutMs: durationMs(common?.idleTimeout, 3_600_000),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    drainTimeoutMs: durationMs(message.drainTimeout, 5000),
    delayedCloseTimeoutMs: durationMs(message.delayedCloseTimeout, 1000),
    drainTimeoutJitterPercent: message.drainTimeoutJitter?.value ?? 0,
    maxConnectionDurationJitterPercent: common?.maxConnectionDurationJitter?.value ?? 0,
  };
}

function decodeRoutes(message: HttpConnectionManager, cx: DecodeContext, filters: Registry): RouteSource | undefined {
  const { case: kind, value } = message.routeSpecifier;
  if (kind === 'routeConfig') {
    const options = { readBody, filterConfig: routeFilterConfigs(filters) };
    const table = decodeRouteConfiguration(value, cx.at('route_config'), options);
    if (table?.vhds === undefined) return table && { kind: 'static', table };
    const withHosts = (hosts: readonly Message[]): RouteConfiguration => ({
      ...value,
      virtualHosts: [...value.virtualHosts, ...(hosts as readonly VirtualHost[])],
    });
    const tableWith: GrowingRoutes['tableWith'] = (hosts, at) =>
      decodeRouteConfiguration(withHosts(hosts), at, options);
    return { kind: 'static', table, tableWith };
  }
  if (kind === 'rds') {
    const source = decodeConfigSource(value.configSource, cx.at('rds', 'config_source'));
    return source && { kind: 'rds', name: value.routeConfigName, source };
  }
  if (kind === undefined) {
    cx.error('has no routes', { expected: 'route_config or rds' });
  } else {
    cx.at('scoped_routes').later('', { expected: 'route_config or rds' });
  }
  return undefined;
}

function decodeUpgrades(
  messages: readonly HttpConnectionManager_UpgradeConfig[],
  cx: DecodeContext,
  filters: Registry,
): ReadonlyMap<string, UpgradeConfig> {
  const upgrades = new Map<string, UpgradeConfig>();
  for (const [i, message] of messages.entries()) {
    const token = message.upgradeType.toLowerCase();
    if (upgrades.has(token)) cx.at(i, 'upgrade_type').error(`"${message.upgradeType}" is configured twice`);
    const chain =
      message.filters.length === 0 ? undefined : decodeHttpFilters(message.filters, cx.at(i, 'filters'), filters);
    upgrades.set(token, { enabled: message.enabled ?? true, chain });
  }
  return upgrades;
}

function codecType(type: number, cx: DecodeContext): HcmConfig['codecType'] {
  if (type === 3) cx.later('HTTP/3', { expected: 'AUTO, HTTP1 or HTTP2' });
  return type === 1 ? 'HTTP1' : type === 2 ? 'HTTP2' : 'AUTO';
}

function requestOptions(message: HttpConnectionManager) {
  const { stripPortMode, schemeHeaderTransformation } = message;
  const anyPort = stripPortMode.case === 'stripAnyHostPort' && stripPortMode.value;
  const scheme = schemeHeaderTransformation?.transformation.value;
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
    // By the enum's numbers; the first is "what the proxy likes best", which is to keep them.
    escapedSlashes:
      (['keep', 'keep', 'reject', 'redirect', 'forward'] as const)[message.pathWithEscapedSlashesAction] ?? 'keep',
    stripPort: anyPort ? 'any' : message.stripMatchingHostPort ? 'matching' : 'none',
    stripTrailingHostDot: message.stripTrailingHostDot,
    schemeToOverwrite: scheme === 'http' || scheme === 'https' ? scheme : '',
    appendXForwardedPort: message.appendXForwardedPort,
    forwardClientCert:
      (['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'] as const)[
        message.forwardClientCertDetails
      ] ?? 'SANITIZE',
    clientCertDetails: clientCertDetails(message.setCurrentClientCertDetails),
  } as const;
}

function clientCertDetails(message: HttpConnectionManager_SetCurrentClientCertDetails | undefined): ClientCertDetails {
  return {
    subject: message?.subject ?? false,
    cert: message?.cert ?? false,
    chain: message?.chain ?? false,
    dns: message?.dns ?? false,
    uri: message?.uri ?? false,
  };
}

function tracing(message: HttpConnectionManager_Tracing | undefined, cx: DecodeContext): TracingConfig | undefined {
  return message === undefined ? undefined : decodeTracing(message, cx);
}
