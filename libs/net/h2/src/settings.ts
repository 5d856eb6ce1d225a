import { systemClock, type Clock, type Random, type Timers } from '@weft/core-runtime';
import { createNullScope } from '@weft/core-stats';
import { Http2Stats } from './stats.ts';

/** PING frames that prove a connection alive. Source: envoy.config.core.v3.KeepaliveSettings. */
export interface KeepAliveSettings {
  /** Time between PINGs in milliseconds; 0 sends none by time (KeepaliveSettings.interval). */
  readonly intervalMs: number;
  /** How long the answer may take, counted anew with every frame that arrives (KeepaliveSettings.timeout). */
  readonly timeoutMs: number;
  /** Random addition to the interval, in percent of it. Envoy's default 15 (KeepaliveSettings.interval_jitter). */
  readonly jitterPercent: number;
  /** Client: a connection quiet for so long is pinged before its next stream; 0: never (connection_idle_interval). */
  readonly idleIntervalMs: number;
  readonly timers: Timers;
  readonly random: Random;
}

/** What both sides have in common. One value for each filter chain or cluster, shared by its connections. */
export interface Http2Settings {
  /** HPACK tables of both directions, in bytes. Default 4096 (Http2ProtocolOptions.hpack_table_size). */
  readonly hpackTableBytes: number;
  /**
   * Streams at once: a server refuses more; a client opens no more, whatever its peer allows. Default 1024
   * (Http2ProtocolOptions.max_concurrent_streams).
   */
  readonly maxConcurrentStreams: number;
  /** What a peer may send on one stream before it was consumed. Default 16 MiB (initial_stream_window_size). */
  readonly initialStreamWindowBytes: number;
  /** What a peer may send on all streams before it was consumed. Default 24 MiB (initial_connection_window_size). */
  readonly initialConnectionWindowBytes: number;
  /**
   * Above so many bytes that wait to be sent on a stream, `data` returns false; below half, `drained` is called. Default
   * 1 MiB (per_connection_buffer_limit_bytes; Envoy takes the stream window, 16 MiB).
   */
  readonly streamBufferLimitBytes: number;
  /** Frames of any type that wait in the transport; above, the connection is cut. Default 10000 (max_outbound_frames). */
  readonly maxOutboundFrames: number;
  /** Likewise answers to PING and SETTINGS, and RST_STREAM. Default 1000 (max_outbound_control_frames). */
  readonly maxOutboundControlFrames: number;
  /**
   * HEADERS, CONTINUATION and DATA frames in a row that hold and end nothing. Default 1
   * (max_consecutive_inbound_frames_with_empty_payload).
   */
  readonly maxConsecutiveInboundFramesWithEmptyPayload: number;
  /** PRIORITY frames: so many for each stream opened, and once more. Default 100 (max_inbound_priority_frames_per_stream). */
  readonly maxInboundPriorityFramesPerStream: number;
  /**
   * WINDOW_UPDATE frames: 5 + 2 × (streams opened + this × DATA frames sent). Default 10
   * (max_inbound_window_update_frames_per_data_frame_sent).
   */
  readonly maxInboundWindowUpdateFramesPerDataFrameSent: number;
  /**
   * A malformed message ends its stream only; else the connection. Default false
   * (override_stream_error_on_invalid_http_message, stream_error_on_invalid_http_messaging).
   */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  /** Limit of a head or trailers in KiB. Default 60 (max_request_headers_kb, max_response_headers_kb). */
  readonly maxHeadersKb: number;
  /** Limit of the number of fields in a head or trailers. Default 100 (HttpProtocolOptions.max_headers_count). */
  readonly maxHeadersCount: number;
  /** Further SETTINGS, announced as they are. Default none (Http2ProtocolOptions.custom_settings_parameters). */
  readonly customSettings: readonly (readonly [id: number, value: number])[];
  /** Default none (Http2ProtocolOptions.connection_keepalive). */
  readonly connectionKeepAlive: KeepAliveSettings | undefined;
  /**
   * How long the end of a message may wait for the peer's window before its stream is reset. Default: for ever
   * (HttpConnectionManager.stream_flush_timeout).
   */
  readonly streamFlushTimeout: { readonly ms: number; readonly timers: Timers } | undefined;
  readonly clock: Clock;
  readonly stats: Http2Stats;
}

/** What a server codec allows. */
export interface Http2ServerSettings extends Http2Settings {
  /** Extended CONNECT (RFC 8441) is offered. Default false (Http2ProtocolOptions.allow_connect). */
  readonly allowConnect: boolean;
  /**
   * How long what is left of a request is awaited behind its whole response, before RST_STREAM asks the client to stop. Default:
   * not at all, as Envoy.
   */
  readonly answeredGrace: { readonly ms: number; readonly timers: Timers } | undefined;
  /** What happens to header names with `_`. Default `allow` (HttpProtocolOptions.headers_with_underscores_action). */
  readonly headersWithUnderscoresAction: 'allow' | 'reject' | 'drop';
  /**
   * Streams after which the share of premature resets counts; half of them close the connection. Default 500; 0: never
   * (runtime key overload.premature_reset_total_stream_count).
   */
  readonly prematureResetTotalStreamCount: number;
  /** A stream reset unanswered before this age is premature. Default 1 (overload.premature_reset_min_stream_lifetime_seconds). */
  readonly prematureResetMinStreamLifetimeSeconds: number;
}

/** What a client codec allows. */
export type Http2ClientSettings = Http2Settings;

const DEFAULTS = {
  hpackTableBytes: 4096,
  maxConcurrentStreams: 1024,
  initialStreamWindowBytes: 16 * 1024 * 1024,
  initialConnectionWindowBytes: 24 * 1024 * 1024,
  streamBufferLimitBytes: 1024 * 1024,
  maxOutboundFrames: 10_000,
  maxOutboundControlFrames: 1000,
  maxConsecutiveInboundFramesWithEmptyPayload: 1,
  maxInboundPriorityFramesPerStream: 100,
  maxInboundWindowUpdateFramesPerDataFrameSent: 10,
  streamErrorOnInvalidHttpMessage: false,
  maxHeadersKb: 60,
  maxHeadersCount: 100,
  customSettings: [],
  connectionKeepAlive: undefined,
  streamFlushTimeout: undefined,
  clock: systemClock,
};

const SERVER_DEFAULTS = {
  ...DEFAULTS,
  allowConnect: false,
  answeredGrace: undefined,
  headersWithUnderscoresAction: 'allow',
  prematureResetTotalStreamCount: 500,
  prematureResetMinStreamLifetimeSeconds: 1,
} as const;

/** Envoy's defaults with `changes`. Without `stats` the codec counts for itself. */
export function http2ServerSettings(changes: Partial<Http2ServerSettings> = {}): Http2ServerSettings {
  return { stats: new Http2Stats(createNullScope()), ...SERVER_DEFAULTS, ...changes };
}

/** Envoy's defaults with `changes`. Without `stats` the codec counts for itself. */
export function http2ClientSettings(changes: Partial<Http2ClientSettings> = {}): Http2ClientSettings {
  return { stats: new Http2Stats(createNullScope()), ...DEFAULTS, ...changes };
}
