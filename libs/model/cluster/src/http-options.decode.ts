import type { Message } from '@bufbuild/protobuf';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
  HttpProtocolOptions as CommonOptions,
  KeepaliveSettings,
  UpstreamHttpProtocolOptions,
} from '@weft/api-envoy/gen/envoy/config/core/v3/protocol_pb';
import type { HttpProtocolOptions } from '@weft/api-envoy/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { PreserveCaseFormatterConfig } from '@weft/api-envoy/gen/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb';
import { durationMs } from '@weft/model-policy';
import type {
  HeaderKeyFormat,
  UpstreamHttp1Options,
  UpstreamHttp2Options,
  UpstreamHttpOptions,
  UpstreamKeepalive,
  UpstreamProtocol,
} from './cluster.ts';

const PRESERVE_CASE = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';
const OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export const httpOptionsSupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': [
    'typed_extension_protocol_options', 'common_http_protocol_options', 'http_protocol_options', 'http2_protocol_options',
    'upstream_http_protocol_options', 'max_requests_per_connection', 'protocol_selection',
  ],
  [OPTIONS]: [
    'common_http_protocol_options', 'upstream_http_protocol_options', 'explicit_http_config', 'use_downstream_protocol_config',
    'auto_config',
  ],
  [`${OPTIONS}.ExplicitHttpConfig`]: ['http_protocol_options', 'http2_protocol_options'],
  [`${OPTIONS}.UseDownstreamHttpConfig`]: ['http_protocol_options', 'http2_protocol_options'],
  [`${OPTIONS}.AutoHttpConfig`]: ['http_protocol_options', 'http2_protocol_options'],
  'envoy.config.core.v3.HttpProtocolOptions': [
    'idle_timeout', 'max_connection_duration', 'max_connection_duration_jitter', 'max_headers_count', 'max_response_headers_kb',
    'max_requests_per_connection', 'max_stream_duration',
  ],
  // What a listener's HTTP/1.1 allows of requests says nothing of an upstream's responses.
  'envoy.config.core.v3.Http1ProtocolOptions': [
    'allow_absolute_url', 'accept_http_10', 'default_host_for_http_10', 'allow_custom_methods', 'enable_trailers',
    'allow_chunked_length', 'header_key_format', 'send_fully_qualified_url',
    // Which parser Envoy uses has no meaning here.
    'use_balsa_parser',
  ],
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat': ['proper_case_words', 'stateful_formatter'],
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords': [],
  [PRESERVE_CASE]: ['forward_reason_phrase', 'formatter_type_on_envoy_headers'],
  'envoy.config.core.v3.Http2ProtocolOptions': [
    'hpack_table_size', 'max_concurrent_streams', 'initial_stream_window_size', 'initial_connection_window_size', 'allow_connect',
    'max_outbound_frames', 'max_outbound_control_frames', 'max_consecutive_inbound_frames_with_empty_payload',
    'max_inbound_priority_frames_per_stream', 'max_inbound_window_update_frames_per_data_frame_sent',
    'stream_error_on_invalid_http_messaging', 'override_stream_error_on_invalid_http_message', 'connection_keepalive',
    // Which library Envoy speaks HTTP/2 with has no meaning here.
    'use_oghttp2_codec',
  ],
  'envoy.config.core.v3.KeepaliveSettings': ['interval', 'timeout', 'interval_jitter', 'connection_idle_interval'],
  'envoy.config.core.v3.UpstreamHttpProtocolOptions': ['auto_sni', 'auto_san_validation', 'override_auto_sni_header'],
}; // prettier-ignore

/** HTTP towards upstreams, and what of it concerns TLS. */
export interface DecodedHttpOptions {
  readonly http: UpstreamHttpOptions;
  /** The certificate must be for the name that was sent as SNI. */
  readonly autoSanValidation: boolean;
}

/** Which protocol, and the options of each. */
interface Chosen {
  readonly protocol: UpstreamProtocol;
  readonly http1: Http1ProtocolOptions | undefined;
  readonly http2: Http2ProtocolOptions | undefined;
}

/** The cluster's HTTP options: the typed ones, or the deprecated fields of the cluster itself. */
export function decodeHttpOptions(message: Cluster, cx: DecodeContext): DecodedHttpOptions {
  const options = unpackOptions(message, cx);
  if (options === undefined)
    return decoded(legacyChoice(message), message.commonHttpProtocolOptions, {
      sni: message.upstreamHttpProtocolOptions,
      cluster: message,
      cx,
    });
  const place = cx.at('typed_extension_protocol_options', OPTIONS);
  const socketless = message.transportSocket === undefined && message.transportSocketMatches.length === 0;
  if (options.upstreamProtocolOptions.case === 'autoConfig' && socketless)
    place.at('auto_config').error('asks TLS which protocol to speak, and the cluster has none', {
      expected: 'a transport_socket with TLS, or explicit_http_config',
    });
  return decoded(typedChoice(options, place), options.commonHttpProtocolOptions, {
    sni: options.upstreamHttpProtocolOptions,
    cluster: message,
    cx: place,
  });
}

function legacyChoice(message: Cluster): Chosen {
  const { httpProtocolOptions: http1, http2ProtocolOptions: http2, protocolSelection } = message;
  if (protocolSelection === 1) return { protocol: 'downstream', http1, http2 };
  return { protocol: http2 === undefined ? 'http1' : 'http2', http1, http2 };
}

function typedChoice({ upstreamProtocolOptions: chosen }: HttpProtocolOptions, cx: DecodeContext): Chosen {
  const { case: kind, value } = chosen;
  if (kind === undefined) {
    cx.error('names no protocol', { expected: 'explicit_http_config' });
    return { protocol: 'http1', http1: undefined, http2: undefined };
  }
  if (kind !== 'explicitHttpConfig') {
    const { httpProtocolOptions: http1, http2ProtocolOptions: http2, http3ProtocolOptions: http3 } = value;
    const field = kind === 'autoConfig' ? 'auto_config' : 'use_downstream_protocol_config';
    if (http3 !== undefined) cx.at(field, 'http3_protocol_options').later('HTTP/3');
    // Envoy, too, speaks HTTP/1.1 to all where HTTP/2 is not configured beside it.
    const protocol = kind === 'autoConfig' ? 'auto' : http2 === undefined ? 'http1' : 'downstream';
    return { protocol, http1, http2 };
  }
  const { case: protocol, value: options } = value.protocolConfig;
  if (protocol === 'http3ProtocolOptions') cx.at('explicit_http_config', 'http3_protocol_options').later('HTTP/3');
  return protocol === 'http2ProtocolOptions'
    ? { protocol: 'http2', http1: undefined, http2: options }
    : { protocol: 'http1', http1: protocol === 'httpProtocolOptions' ? options : undefined, http2: undefined };
}

function unpackOptions(message: Cluster, cx: DecodeContext): HttpProtocolOptions | undefined {
  let found: Message | undefined;
  for (const [name, any] of Object.entries(message.typedExtensionProtocolOptions)) {
    const place = cx.at('typed_extension_protocol_options', name);
    if (name === OPTIONS) found = place.unpack(any, OPTIONS);
    else
      place.warn(`"${name}" is known to Envoy and not implemented by Weft yet: it has no effect`, {
        expected: OPTIONS,
      });
  }
  return found as HttpProtocolOptions | undefined;
}

interface Rest {
  readonly sni: UpstreamHttpProtocolOptions | undefined;
  readonly cluster: Cluster;
  readonly cx: DecodeContext;
}

function decoded(chosen: Chosen, common: CommonOptions | undefined, rest: Rest): DecodedHttpOptions {
  const { sni, cluster } = rest;
  const http: UpstreamHttpOptions = {
    protocol: chosen.protocol,
    http1: http1Options(chosen.http1, rest.cx),
    http2: http2Options(chosen.http2),
    idleTimeoutMs: durationMs(common?.idleTimeout, 3_600_000),
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxConnectionDurationJitterPercent: common?.maxConnectionDurationJitter?.value ?? 0,
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0,
    maxHeadersCount: common?.maxHeadersCount ?? 100,
    // What Envoy does, whatever its documentation says of HTTP/1.
    maxResponseHeadersKb: common?.maxResponseHeadersKb ?? (chosen.protocol === 'http1' ? 80 : 60),
    autoSni: sni?.autoSni ?? false,
    autoSniHeader: (sni?.overrideAutoSniHeader ?? '').toLowerCase(),
  };
  return { http, autoSanValidation: sni?.autoSanValidation ?? false };
}

function http1Options(message: Http1ProtocolOptions | undefined, cx: DecodeContext): UpstreamHttp1Options {
  return {
    enableTrailers: message?.enableTrailers ?? false,
    allowChunkedLength: message?.allowChunkedLength ?? false,
    sendFullyQualifiedUrl: message?.sendFullyQualifiedUrl ?? false,
    headerKeyFormat: headerKeyFormat(message, cx),
  };
}

function headerKeyFormat(message: Http1ProtocolOptions | undefined, cx: DecodeContext): HeaderKeyFormat {
  const format = message?.headerKeyFormat?.headerFormat;
  if (format?.case === 'properCaseWords') return 'proper_case_words';
  if (format?.case !== 'statefulFormatter') return 'lower_case';
  const place = cx.at('header_key_format', 'stateful_formatter', 'typed_config');
  const config = place.unpack(format.value.typedConfig, PRESERVE_CASE) as PreserveCaseFormatterConfig | undefined;
  return {
    forwardReasonPhrase: config?.forwardReasonPhrase ?? false,
    otherNames: config?.formatterTypeOnEnvoyHeaders === 1 ? 'proper_case_words' : 'lower_case',
  };
}

function http2Options(message: Http2ProtocolOptions | undefined): UpstreamHttp2Options {
  return {
    maxConcurrentStreams: message?.maxConcurrentStreams ?? 1024,
    hpackTableSize: message?.hpackTableSize,
    initialStreamWindowSize: message?.initialStreamWindowSize,
    initialConnectionWindowSize: message?.initialConnectionWindowSize,
    maxOutboundFrames: message?.maxOutboundFrames,
    maxOutboundControlFrames: message?.maxOutboundControlFrames,
    maxConsecutiveInboundFramesWithEmptyPayload: message?.maxConsecutiveInboundFramesWithEmptyPayload,
    maxInboundPriorityFramesPerStream: message?.maxInboundPriorityFramesPerStream,
    maxInboundWindowUpdateFramesPerDataFrameSent: message?.maxInboundWindowUpdateFramesPerDataFrameSent,
    streamErrorOnInvalidHttpMessage:
      message?.overrideStreamErrorOnInvalidHttpMessage ?? message?.streamErrorOnInvalidHttpMessaging ?? false,
    keepalive: message?.connectionKeepalive && keepalive(message.connectionKeepalive),
  };
}

function keepalive(message: KeepaliveSettings): UpstreamKeepalive {
  return {
    intervalMs: durationMs(message.interval, 0),
    timeoutMs: durationMs(message.timeout, 0),
    intervalJitterPercent: message.intervalJitter?.value ?? 15,
    connectionIdleIntervalMs: durationMs(message.connectionIdleInterval, 0),
  };
}
