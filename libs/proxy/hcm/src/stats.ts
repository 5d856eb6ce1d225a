import type { Counter, Gauge, Histogram, StatsScope } from '@weft/core-stats';
import type { EarlyConnections } from '@weft/proxy-filter-api';

const COUNTERS = [
  'downstream_cx_delayed_close_timeout', 'downstream_cx_destroy', 'downstream_cx_destroy_active_rq',
  'downstream_cx_destroy_local', 'downstream_cx_destroy_local_active_rq', 'downstream_cx_destroy_remote',
  'downstream_cx_destroy_remote_active_rq', 'downstream_cx_drain_close', 'downstream_cx_http1_total',
  'downstream_cx_http2_total', 'downstream_cx_http3_total', 'downstream_cx_idle_timeout',
  'downstream_cx_max_duration_reached', 'downstream_cx_max_requests_reached', 'downstream_cx_overload_disable_keepalive',
  'downstream_cx_protocol_error', 'downstream_cx_rx_bytes_total', 'downstream_cx_ssl_total', 'downstream_cx_total',
  'downstream_cx_tx_bytes_total', 'downstream_cx_upgrades_total', 'downstream_flow_control_paused_reading_total',
  'downstream_flow_control_resumed_reading_total', 'downstream_rq_1xx', 'downstream_rq_2xx', 'downstream_rq_3xx',
  'downstream_rq_4xx', 'downstream_rq_5xx', 'downstream_rq_completed', 'downstream_rq_failed_path_normalization',
  'downstream_rq_header_timeout', 'downstream_rq_http1_total', 'downstream_rq_http2_total', 'downstream_rq_http3_total',
  'downstream_rq_idle_timeout', 'downstream_rq_max_duration_reached', 'downstream_rq_non_relative_path',
  'downstream_rq_overload_close', 'downstream_rq_redirected_with_normalized_path',
  'downstream_rq_rejected_via_ip_detection', 'downstream_rq_response_before_rq_complete', 'downstream_rq_rx_reset',
  'downstream_rq_timeout', 'downstream_rq_too_large', 'downstream_rq_too_many_premature_resets', 'downstream_rq_total',
  'downstream_rq_tx_reset', 'downstream_rq_ws_on_non_ws_route', 'rs_too_large', 'tracing.client_enabled',
  'tracing.health_check', 'tracing.not_traceable', 'tracing.random_sampling', 'tracing.service_forced',
] as const; // prettier-ignore
const GAUGES = [
  'downstream_cx_active', 'downstream_cx_http1_active', 'downstream_cx_http1_soft_drain', 'downstream_cx_http2_active',
  'downstream_cx_http3_active', 'downstream_cx_rx_bytes_buffered', 'downstream_cx_ssl_active',
  'downstream_cx_tx_bytes_buffered', 'downstream_cx_upgrades_active', 'downstream_rq_active',
] as const; // prettier-ignore

/** The numbers of one connection manager, under `http.<stat_prefix>.`. Source: Envoy's HTTP connection manager statistics. */
export class HcmStats implements EarlyConnections {
  readonly cxTotal: Counter;
  readonly cxHttp1Total: Counter;
  readonly cxHttp2Total: Counter;
  readonly cxSslTotal: Counter;
  readonly cxDestroy: Counter;
  readonly cxDelayedCloseTimeout: Counter;
  readonly cxDestroyLocal: Counter;
  readonly cxDestroyRemote: Counter;
  readonly cxDestroyActiveRq: Counter;
  readonly cxDestroyLocalActiveRq: Counter;
  readonly cxDestroyRemoteActiveRq: Counter;
  readonly cxDrainClose: Counter;
  readonly cxIdleTimeout: Counter;
  readonly cxMaxDurationReached: Counter;
  readonly cxMaxRequestsReached: Counter;
  readonly cxProtocolError: Counter;
  readonly cxRxBytes: Counter;
  readonly cxTxBytes: Counter;
  readonly cxUpgradesTotal: Counter;
  readonly flowControlPaused: Counter;
  readonly flowControlResumed: Counter;
  readonly cxActive: Gauge;
  readonly cxHttp1Active: Gauge;
  readonly cxHttp2Active: Gauge;
  readonly cxSslActive: Gauge;
  readonly cxUpgradesActive: Gauge;
  readonly cxLengthMs: Histogram;
  readonly rqTotal: Counter;
  readonly rqHttp1Total: Counter;
  readonly rqHttp2Total: Counter;
  readonly rqCompleted: Counter;
  readonly rqActive: Gauge;
  readonly rqTime: Histogram;
  readonly rqRxReset: Counter;
  readonly rqTxReset: Counter;
  readonly rqTimeout: Counter;
  readonly rqIdleTimeout: Counter;
  readonly rqMaxDurationReached: Counter;
  readonly rqNonRelativePath: Counter;
  readonly rqFailedPathNormalization: Counter;
  readonly rqRedirectedWithNormalizedPath: Counter;
  readonly rqHeaderTimeout: Counter;
  readonly rqRejectedViaIpDetection: Counter;
  readonly rqOverloadClose: Counter;
  readonly cxOverloadDisableKeepalive: Counter;
  readonly rqResponseBeforeComplete: Counter;
  readonly rqTooLarge: Counter;
  readonly rqWsOnNonWsRoute: Counter;
  readonly rsTooLarge: Counter;
  /** By the first digit of the status: index 1 to 5. */
  readonly rqByClass: readonly (Counter | undefined)[];

  private readonly listener:
    { readonly completed: Counter; readonly byClass: readonly (Counter | undefined)[] } | undefined;

  /** `listener`: a scope for the listener's own count of responses. */
  constructor(scope: StatsScope, listener?: StatsScope) {
    for (const name of COUNTERS) scope.counter(name);
    for (const name of GAUGES) scope.gauge(name);
    const counter = (name: (typeof COUNTERS)[number]): Counter => scope.counter(name);
    const gauge = (name: (typeof GAUGES)[number]): Gauge => scope.gauge(name);
    this.cxTotal = counter('downstream_cx_total');
    this.cxHttp1Total = counter('downstream_cx_http1_total');
    this.cxHttp2Total = counter('downstream_cx_http2_total');
    this.cxSslTotal = counter('downstream_cx_ssl_total');
    this.cxDestroy = counter('downstream_cx_destroy');
    this.cxDelayedCloseTimeout = counter('downstream_cx_delayed_close_timeout');
    this.cxDestroyLocal = counter('downstream_cx_destroy_local');
    this.cxDestroyRemote = counter('downstream_cx_destroy_remote');
    this.cxDestroyActiveRq = counter('downstream_cx_destroy_active_rq');
    this.cxDestroyLocalActiveRq = counter('downstream_cx_destroy_local_active_rq');
    this.cxDestroyRemoteActiveRq = counter('downstream_cx_destroy_remote_active_rq');
    this.cxDrainClose = counter('downstream_cx_drain_close');
    this.cxIdleTimeout = counter('downstream_cx_idle_timeout');
    this.cxMaxDurationReached = counter('downstream_cx_max_duration_reached');
    this.cxMaxRequestsReached = counter('downstream_cx_max_requests_reached');
    this.cxProtocolError = counter('downstream_cx_protocol_error');
    this.cxRxBytes = counter('downstream_cx_rx_bytes_total');
    this.cxTxBytes = counter('downstream_cx_tx_bytes_total');
    this.cxUpgradesTotal = counter('downstream_cx_upgrades_total');
    this.flowControlPaused = counter('downstream_flow_control_paused_reading_total');
    this.flowControlResumed = counter('downstream_flow_control_resumed_reading_total');
    this.cxActive = gauge('downstream_cx_active');
    this.cxHttp1Active = gauge('downstream_cx_http1_active');
    this.cxHttp2Active = gauge('downstream_cx_http2_active');
    this.cxSslActive = gauge('downstream_cx_ssl_active');
    this.cxUpgradesActive = gauge('downstream_cx_upgrades_active');
    this.cxLengthMs = scope.histogram('downstream_cx_length_ms');
    this.rqTotal = counter('downstream_rq_total');
    this.rqHttp1Total = counter('downstream_rq_http1_total');
    this.rqHttp2Total = counter('downstream_rq_http2_total');
    this.rqCompleted = counter('downstream_rq_completed');
    this.rqActive = gauge('downstream_rq_active');
    this.rqTime = scope.histogram('downstream_rq_time');
    this.rqRxReset = counter('downstream_rq_rx_reset');
    this.rqTxReset = counter('downstream_rq_tx_reset');
    this.rqTimeout = counter('downstream_rq_timeout');
    this.rqIdleTimeout = counter('downstream_rq_idle_timeout');
    this.rqMaxDurationReached = counter('downstream_rq_max_duration_reached');
    this.rqNonRelativePath = counter('downstream_rq_non_relative_path');
    this.rqFailedPathNormalization = counter('downstream_rq_failed_path_normalization');
    this.rqRedirectedWithNormalizedPath = counter('downstream_rq_redirected_with_normalized_path');
    this.rqRejectedViaIpDetection = counter('downstream_rq_rejected_via_ip_detection');
    this.rqHeaderTimeout = counter('downstream_rq_header_timeout');
    this.rqOverloadClose = counter('downstream_rq_overload_close');
    this.cxOverloadDisableKeepalive = counter('downstream_cx_overload_disable_keepalive');
    this.rqResponseBeforeComplete = counter('downstream_rq_response_before_rq_complete');
    this.rqTooLarge = counter('downstream_rq_too_large');
    this.rqWsOnNonWsRoute = counter('downstream_rq_ws_on_non_ws_route');
    this.rsTooLarge = counter('rs_too_large');
    this.rqByClass = byClass(scope);
    this.listener = listener && { completed: listener.counter('downstream_rq_completed'), byClass: byClass(listener) };
  }

  /** A client is about to shake hands. */
  begun(): void {
    this.cxTotal.inc();
    this.cxActive.inc();
    this.cxSslTotal.inc();
    this.cxSslActive.inc();
  }

  /** A client of TLS is gone before it was served. */
  lost(lengthMs: number, here: boolean): void {
    this.cxDestroy.inc();
    (here ? this.cxDestroyLocal : this.cxDestroyRemote).inc();
    this.cxActive.dec();
    this.cxSslActive.dec();
    this.cxLengthMs.record(lengthMs);
  }

  /** A response head goes to a client: a final one, or an interim one. */
  chargeResponse(status: number): void {
    const place = Math.floor(status / 100);
    this.rqCompleted.inc();
    this.rqByClass[place]?.inc();
    const { listener } = this;
    if (listener === undefined) return;
    listener.completed.inc();
    listener.byClass[place]?.inc();
  }
}

function byClass(scope: StatsScope): readonly (Counter | undefined)[] {
  return [undefined, ...[1, 2, 3, 4, 5].map((place) => scope.counter(`downstream_rq_${place}xx`))];
}
