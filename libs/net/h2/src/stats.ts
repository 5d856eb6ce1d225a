import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/**
 * What HTTP/2 codecs count, by Envoy's names. One for the server's listeners (`http2.`) and one for each cluster
 * (`cluster.<name>.http2.`): all names exist from the start.
 */
export class Http2Stats {
  readonly cookiesTotalBytesTooLarge: Counter;
  readonly droppedHeadersWithUnderscores: Counter;
  readonly goawaySent: Counter;
  /** Heads of more fields than max_headers_count. */
  readonly headerOverflow: Counter;
  /** Heads of more bytes than max_request_headers_kb. */
  readonly headerListSizeTooLarge: Counter;
  readonly headersCbNoStream: Counter;
  readonly inboundEmptyFramesFlood: Counter;
  readonly inboundPriorityFramesFlood: Counter;
  readonly inboundWindowUpdateFramesFlood: Counter;
  readonly keepaliveTimeout: Counter;
  readonly metadataEmptyFrames: Counter;
  readonly outboundControlFlood: Counter;
  readonly outboundFlood: Counter;
  readonly requestsRejectedWithUnderscoresInHeaders: Counter;
  readonly rxMessagingError: Counter;
  readonly rxReset: Counter;
  readonly streamRefusedErrors: Counter;
  readonly trailers: Counter;
  readonly txFlushTimeout: Counter;
  readonly txReset: Counter;
  readonly streamsActive: Gauge;
  /** Bytes of bodies that wait for a window or for the transport. */
  readonly pendingSendBytes: Gauge;
  /** Streams that ended on the wire, but whose last data the receiver has paused. */
  readonly deferredStreamClose: Gauge;
  /** Frames in the transport's queue. */
  readonly outboundFramesActive: Gauge;
  readonly outboundControlFramesActive: Gauge;

  /** @param scope names are made in its `http2.`. */
  constructor(scope: StatsScope) {
    const http2 = scope.scope('http2.');
    this.cookiesTotalBytesTooLarge = http2.counter('cookies_total_bytes_too_large');
    this.droppedHeadersWithUnderscores = http2.counter('dropped_headers_with_underscores');
    this.goawaySent = http2.counter('goaway_sent');
    this.headerOverflow = http2.counter('header_overflow');
    this.headerListSizeTooLarge = http2.counter('header_list_size_too_large');
    this.headersCbNoStream = http2.counter('headers_cb_no_stream');
    this.inboundEmptyFramesFlood = http2.counter('inbound_empty_frames_flood');
    this.inboundPriorityFramesFlood = http2.counter('inbound_priority_frames_flood');
    this.inboundWindowUpdateFramesFlood = http2.counter('inbound_window_update_frames_flood');
    this.keepaliveTimeout = http2.counter('keepalive_timeout');
    this.metadataEmptyFrames = http2.counter('metadata_empty_frames');
    this.outboundControlFlood = http2.counter('outbound_control_flood');
    this.outboundFlood = http2.counter('outbound_flood');
    this.requestsRejectedWithUnderscoresInHeaders = http2.counter('requests_rejected_with_underscores_in_headers');
    this.rxMessagingError = http2.counter('rx_messaging_error');
    this.rxReset = http2.counter('rx_reset');
    this.streamRefusedErrors = http2.counter('stream_refused_errors');
    this.trailers = http2.counter('trailers');
    this.txFlushTimeout = http2.counter('tx_flush_timeout');
    this.txReset = http2.counter('tx_reset');
    this.streamsActive = http2.gauge('streams_active');
    this.pendingSendBytes = http2.gauge('pending_send_bytes');
    this.deferredStreamClose = http2.gauge('deferred_stream_close');
    this.outboundFramesActive = http2.gauge('outbound_frames_active');
    this.outboundControlFramesActive = http2.gauge('outbound_control_frames_active');
  }
}
