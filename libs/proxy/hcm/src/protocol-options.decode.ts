import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  Http1ProtocolOptions,
  Http1ProtocolOptions_HeaderKeyFormat,
  Http2ProtocolOptions,
  HttpProtocolOptions,
  KeepaliveSettings,
} from '@weft/api-envoy/gen/envoy/config/core/v3/protocol_pb';
import type { PreserveCaseFormatterConfig } from '@weft/api-envoy/gen/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb';
import { decodeStringMatcher } from '@weft/model-match';
import { durationMs } from '@weft/model-policy';
import type { HeaderKeyFormat, Http1ServerSettings } from '@weft/net-h1';
import type { Http2Options, KeepAliveConfig } from './config.ts';

export const protocolOptionsSupport: FieldSupport = {
  'envoy.config.core.v3.HttpProtocolOptions': [
    'idle_timeout', 'max_connection_duration', 'max_connection_duration_jitter', 'max_headers_count', 'max_stream_duration', 'headers_with_underscores_action',
    'max_requests_per_connection',
  ],
  // There is one parser: which one Envoy would take has no meaning here.
  'envoy.config.core.v3.Http1ProtocolOptions': [
    'allow_absolute_url', 'accept_http_10', 'default_host_for_http_10', 'header_key_format', 'enable_trailers',
    'allow_chunked_length', 'override_stream_error_on_invalid_http_message', 'use_balsa_parser', 'allow_custom_methods',
    'ignore_http_11_upgrade',
  ],
  // allow_metadata, use_oghttp2_codec and the size of metadata choose among codecs of Envoy's; Huffman coding is always on.
  'envoy.config.core.v3.Http2ProtocolOptions': [
    'hpack_table_size', 'max_concurrent_streams', 'initial_stream_window_size', 'initial_connection_window_size',
    'allow_connect', 'max_outbound_frames', 'max_outbound_control_frames',
    'max_consecutive_inbound_frames_with_empty_payload', 'max_inbound_priority_frames_per_stream',
    'max_inbound_window_update_frames_per_data_frame_sent', 'stream_error_on_invalid_http_messaging',
    'override_stream_error_on_invalid_http_message', 'connection_keepalive', 'use_oghttp2_codec',
  ],
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat': ['proper_case_words', 'stateful_formatter'],
  'envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat.ProperCaseWords': [],
  'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig': [
    'forward_reason_phrase', 'formatter_type_on_envoy_headers',
  ],
  'envoy.config.core.v3.KeepaliveSettings': ['interval', 'timeout', 'interval_jitter', 'connection_idle_interval'],
  'envoy.type.v3.Percent': ['value'],
}; // prettier-ignore

/** What of the connection manager's own fields concerns HTTP/1. */
interface Http1Around {
  readonly common: HttpProtocolOptions | undefined;
  readonly maxRequestHeadersKb: number;
  readonly streamErrorOnInvalidHttpMessage: boolean;
}

/** The codec's settings for HTTP/1 clients. Faults go to `cx`. */
export function decodeHttp1Settings(
  http1: Http1ProtocolOptions | undefined,
  cx: DecodeContext,
  { common, maxRequestHeadersKb, streamErrorOnInvalidHttpMessage }: Http1Around,
): Partial<Http1ServerSettings> {
  const ignored = (http1?.ignoreHttp11Upgrade ?? []).flatMap(
    (matcher, i) => decodeStringMatcher(matcher, cx.at('ignore_http_11_upgrade', i)) ?? [],
  );
  return {
    maxRequestHeadersKb,
    maxHeadersCount: common?.maxHeadersCount ?? 100,
    enableTrailers: http1?.enableTrailers ?? false,
    acceptHttp10: http1?.acceptHttp10 ?? false,
    defaultHostForHttp10: http1?.defaultHostForHttp10 ?? '',
    allowAbsoluteUrl: http1?.allowAbsoluteUrl ?? true,
    allowChunkedLength: http1?.allowChunkedLength ?? false,
    allowCustomMethods: http1?.allowCustomMethods ?? false,
    headerKeyFormat: decodeHeaderKeyFormat(http1?.headerKeyFormat, cx.at('header_key_format')),
    ignoresUpgrade: ignored.length === 0 ? undefined : (token) => ignored.some((matcher) => matcher.matches(token)),
    streamErrorOnInvalidHttpMessage: http1?.overrideStreamErrorOnInvalidHttpMessage ?? streamErrorOnInvalidHttpMessage,
    headersWithUnderscoresAction:
      (['allow', 'reject', 'drop'] as const)[common?.headersWithUnderscoresAction ?? 0] ?? 'allow',
  };
}

const PRESERVE_CASE = 'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig';

function decodeHeaderKeyFormat(
  message: Http1ProtocolOptions_HeaderKeyFormat | undefined,
  cx: DecodeContext,
): HeaderKeyFormat {
  const { case: kind, value } = message?.headerFormat ?? { case: undefined, value: undefined };
  if (kind === undefined) return 'lower_case';
  if (kind === 'properCaseWords') return 'proper_case_words';
  const place = cx.at('stateful_formatter', 'typed_config');
  const config = place.unpack(value.typedConfig);
  if (config === undefined) return 'lower_case';
  if (config.$typeName !== PRESERVE_CASE) {
    place.later(`the formatter ${config.$typeName}`, { expected: PRESERVE_CASE });
    return 'lower_case';
  }
  const { forwardReasonPhrase, formatterTypeOnEnvoyHeaders } = config as PreserveCaseFormatterConfig;
  // 1 is PROPER_CASE: generated enums do not exist at run time.
  const proper = (formatterTypeOnEnvoyHeaders as number) === 1;
  return { forwardReasonPhrase, otherNames: proper ? 'proper_case_words' : 'lower_case' };
}

/** Source: Http2ProtocolOptions; ranges are checked by the API's own rules. Faults go to `cx`. */
export function decodeHttp2Options(
  message: Http2ProtocolOptions | undefined,
  cx: DecodeContext,
  streamErrorOnInvalidHttpMessage: boolean,
): Http2Options {
  if (message === undefined) return { streamErrorOnInvalidHttpMessage, allowConnect: false, keepAlive: undefined };
  checkCustomSettings(message, cx);
  return {
    ...given({
      hpackTableBytes: message.hpackTableSize,
      maxConcurrentStreams: message.maxConcurrentStreams,
      initialStreamWindowBytes: message.initialStreamWindowSize,
      initialConnectionWindowBytes: message.initialConnectionWindowSize,
      maxOutboundFrames: message.maxOutboundFrames,
      maxOutboundControlFrames: message.maxOutboundControlFrames,
      maxConsecutiveInboundFramesWithEmptyPayload: message.maxConsecutiveInboundFramesWithEmptyPayload,
      maxInboundPriorityFramesPerStream: message.maxInboundPriorityFramesPerStream,
      maxInboundWindowUpdateFramesPerDataFrameSent: message.maxInboundWindowUpdateFramesPerDataFrameSent,
    }),
    streamErrorOnInvalidHttpMessage:
      message.overrideStreamErrorOnInvalidHttpMessage ??
      (message.streamErrorOnInvalidHttpMessaging || streamErrorOnInvalidHttpMessage),
    allowConnect: message.allowConnect,
    keepAlive: message.connectionKeepalive && keepAlive(message.connectionKeepalive),
  };
}

function keepAlive(message: KeepaliveSettings): KeepAliveConfig {
  return {
    intervalMs: durationMs(message.interval, 0),
    timeoutMs: durationMs(message.timeout, 0),
    jitterPercent: message.intervalJitter?.value ?? 15,
    idleIntervalMs: durationMs(message.connectionIdleInterval, 0),
  };
}

type Given<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** The values that were set: what was not keeps the codec's default. */
function given<T extends Record<string, number | undefined>>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}

const NAMED = [
  [1, 'hpackTableSize', 'hpack_table_size'],
  [3, 'maxConcurrentStreams', 'max_concurrent_streams'],
  [4, 'initialStreamWindowSize', 'initial_stream_window_size'],
] as const;

/** Source: Envoy's Http2::Utility::initializeAndValidateOptions. */
function checkCustomSettings(message: Http2ProtocolOptions, cx: DecodeContext): void {
  const seen = new Map<number, number>();
  for (const [i, { identifier = 0, value = 0 }] of message.customSettingsParameters.entries()) {
    const place = cx.at('custom_settings_parameters', i);
    const before = seen.get(identifier);
    if (before !== undefined && before !== value) place.error(`gives setting ${identifier} another value`);
    seen.set(identifier, value);
    if (identifier === 2 && value === 1) place.error('enables server push, which no proxy here does');
    if (identifier === 8) place.error('is a field of its own', { expected: 'allow_connect' });
    const named = NAMED.find(([id]) => id === identifier);
    if (named !== undefined && message[named[1]] !== undefined)
      place.error(`is set by ${named[2]} too`, { expected: 'one of the two' });
  }
}
