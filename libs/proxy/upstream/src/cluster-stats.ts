import type { StatsScope } from '@weft/core-stats';
import type { ClusterRequestStats } from '@weft/proxy-filter-api';
import { SslStats } from '@weft/proxy-transport-sockets';
import { ResponseCodeStats } from './response-code-stats.ts';

/**
 * Names that a cluster always has, whether or not something here moves them yet: dashboards and alerts made for Envoy find
 * them at 0. Those that are counted are fields below.
 */
const ALWAYS_COUNTERS =
  'assignment_stale assignment_timeout_received assignment_use_cached bind_errors lb_local_cluster_not_ok ' +
  'lb_recalculate_zone_structures lb_subsets_created lb_subsets_fallback lb_subsets_fallback_panic lb_subsets_removed ' +
  'lb_subsets_selected lb_zone_cluster_too_small lb_zone_no_capacity_left lb_zone_number_differs ' +
  'lb_zone_routing_all_directly lb_zone_routing_cross_zone lb_zone_routing_sampled ' +
  'upstream_cx_connect_with_0_rtt ' +
  'upstream_cx_http3_total upstream_cx_preconnect_skipped upstream_http3_broken upstream_rq_0rtt ' +
  'upstream_rq_rx_reset_no_error ' +
  'http2.header_overflow ' +
  'http2.headers_cb_no_stream http2.rx_messaging_error http2.rx_reset http2.too_many_header_frames http2.trailers ' +
  'http2.tx_reset';
const ALWAYS_GAUGES = 'lb_subsets_active membership_excluded upstream_queue_overloaded version warming_state';

/** Holds the scope for the fields of a subclass: their initial values are made before its constructor's body runs. */
class ScopedStats {
  protected readonly scope: StatsScope;

  constructor(scope: StatsScope) {
    this.scope = scope;
  }
}

/** All stats of one cluster, under `cluster.<alt_stat_name>.`, made at 0 with it. Names are Envoy's in camel case. */
export class ClusterStats extends ScopedStats implements ClusterRequestStats {
  readonly upstreamCxTotal = this.scope.counter('upstream_cx_total');
  readonly upstreamCxHttp1Total = this.scope.counter('upstream_cx_http1_total');
  readonly upstreamCxHttp2Total = this.scope.counter('upstream_cx_http2_total');
  readonly upstreamCxCloseNotify = this.scope.counter('upstream_cx_close_notify');
  readonly upstreamCxActive = this.scope.gauge('upstream_cx_active');
  readonly upstreamCxConnectAttemptsExceeded = this.scope.counter('upstream_cx_connect_attempts_exceeded');
  readonly upstreamCxConnectFail = this.scope.counter('upstream_cx_connect_fail');
  readonly upstreamCxConnectTimeout = this.scope.counter('upstream_cx_connect_timeout');
  readonly upstreamCxDestroy = this.scope.counter('upstream_cx_destroy');
  readonly upstreamCxDestroyLocal = this.scope.counter('upstream_cx_destroy_local');
  readonly upstreamCxDestroyRemote = this.scope.counter('upstream_cx_destroy_remote');
  readonly upstreamCxDestroyWithActiveRq = this.scope.counter('upstream_cx_destroy_with_active_rq');
  readonly upstreamCxDestroyLocalWithActiveRq = this.scope.counter('upstream_cx_destroy_local_with_active_rq');
  readonly upstreamCxDestroyRemoteWithActiveRq = this.scope.counter('upstream_cx_destroy_remote_with_active_rq');
  readonly upstreamCxIdleTimeout = this.scope.counter('upstream_cx_idle_timeout');
  readonly upstreamCxMaxDurationReached = this.scope.counter('upstream_cx_max_duration_reached');
  readonly upstreamCxMaxRequests = this.scope.counter('upstream_cx_max_requests');
  readonly upstreamCxNoneHealthy = this.scope.counter('upstream_cx_none_healthy');
  readonly upstreamCxOverflow = this.scope.counter('upstream_cx_overflow');
  readonly upstreamCxPoolOverflow = this.scope.counter('upstream_cx_pool_overflow');
  readonly upstreamCxProtocolError = this.scope.counter('upstream_cx_protocol_error');
  readonly upstreamCxRxBytesTotal = this.scope.counter('upstream_cx_rx_bytes_total');
  readonly upstreamCxTxBytesTotal = this.scope.counter('upstream_cx_tx_bytes_total');
  readonly upstreamCxRxBytesBuffered = this.scope.gauge('upstream_cx_rx_bytes_buffered');
  readonly upstreamCxTxBytesBuffered = this.scope.gauge('upstream_cx_tx_bytes_buffered');
  readonly upstreamCxConnectMs = this.scope.histogram('upstream_cx_connect_ms');
  readonly upstreamCxLengthMs = this.scope.histogram('upstream_cx_length_ms');
  readonly upstreamRqPerCx = this.scope.histogram('upstream_rq_per_cx');

  readonly upstreamRqTotal = this.scope.counter('upstream_rq_total');
  readonly upstreamRqActive = this.scope.gauge('upstream_rq_active');
  readonly upstreamRqPendingTotal = this.scope.counter('upstream_rq_pending_total');
  readonly upstreamRqPendingActive = this.scope.gauge('upstream_rq_pending_active');
  readonly upstreamRqPendingOverflow = this.scope.counter('upstream_rq_pending_overflow');
  readonly upstreamRqActiveOverflow = this.scope.counter('upstream_rq_active_overflow');
  readonly upstreamRqPendingFailureEject = this.scope.counter('upstream_rq_pending_failure_eject');
  readonly upstreamRqCancelled = this.scope.counter('upstream_rq_cancelled');
  readonly upstreamRqMaintenanceMode = this.scope.counter('upstream_rq_maintenance_mode');
  dropped = 0;
  readonly upstreamRqMaxDurationReached = this.scope.counter('upstream_rq_max_duration_reached');
  readonly upstreamRqTimeout = this.scope.counter('upstream_rq_timeout');
  readonly upstreamRqPerTryTimeout = this.scope.counter('upstream_rq_per_try_timeout');
  readonly upstreamRqPerTryIdleTimeout = this.scope.counter('upstream_rq_per_try_idle_timeout');
  readonly upstreamRqRetry = this.scope.counter('upstream_rq_retry');
  readonly upstreamRqRetrySuccess = this.scope.counter('upstream_rq_retry_success');
  readonly upstreamRqRetryOverflow = this.scope.counter('upstream_rq_retry_overflow');
  readonly upstreamRqRetryLimitExceeded = this.scope.counter('upstream_rq_retry_limit_exceeded');
  readonly upstreamRqRetryBackoffExponential = this.scope.counter('upstream_rq_retry_backoff_exponential');
  readonly upstreamRqRetryBackoffRatelimited = this.scope.counter('upstream_rq_retry_backoff_ratelimited');
  readonly upstreamRqRxReset = this.scope.counter('upstream_rq_rx_reset');
  readonly upstreamRqTxReset = this.scope.counter('upstream_rq_tx_reset');
  readonly upstreamRqTime = this.scope.histogram('upstream_rq_time');
  readonly upstreamInternalRedirectSucceeded = this.scope.counter('upstream_internal_redirect_succeeded_total');
  readonly upstreamInternalRedirectFailed = this.scope.counter('upstream_internal_redirect_failed_total');
  readonly retryOrShadowAbandoned = this.scope.counter('retry_or_shadow_abandoned');
  readonly upstreamFlowControlPausedReading = this.scope.counter('upstream_flow_control_paused_reading_total');
  readonly upstreamFlowControlResumedReading = this.scope.counter('upstream_flow_control_resumed_reading_total');
  readonly upstreamFlowControlBackedUp = this.scope.counter('upstream_flow_control_backed_up_total');
  readonly upstreamFlowControlDrained = this.scope.counter('upstream_flow_control_drained_total');

  readonly originalDstHostInvalid = this.scope.counter('original_dst_host_invalid');
  readonly lbHealthyPanic = this.scope.counter('lb_healthy_panic');
  readonly maxHostWeight = this.scope.gauge('max_host_weight');
  readonly membershipChange = this.scope.counter('membership_change');
  readonly membershipTotal = this.scope.gauge('membership_total');
  readonly membershipHealthy = this.scope.gauge('membership_healthy');
  readonly membershipDegraded = this.scope.gauge('membership_degraded');
  readonly updateAttempt = this.scope.counter('update_attempt');
  readonly updateSuccess = this.scope.counter('update_success');
  readonly updateFailure = this.scope.counter('update_failure');
  readonly updateEmpty = this.scope.counter('update_empty');
  readonly updateNoRebuild = this.scope.counter('update_no_rebuild');
  readonly warmingState = this.scope.gauge('warming_state');
  /** Undefined for clusters without TLS. */
  readonly ssl: SslStats | undefined;

  private readonly all = new ResponseCodeStats(this.scope);
  private readonly internal = new ResponseCodeStats(this.scope.scope('internal.'));
  private readonly external = new ResponseCodeStats(this.scope.scope('external.'));

  /** Made by the first retry, as in Envoy. */
  private retried: ResponseCodeStats | undefined;

  /** `tls`: undefined for clusters without it; `tellsExpiry`: whether gauges of certificates are this worker's. */
  constructor(scope: StatsScope, tls: { readonly tellsExpiry: boolean } | undefined) {
    super(scope);
    for (const name of ALWAYS_COUNTERS.split(' ')) scope.counter(name);
    for (const name of ALWAYS_GAUGES.split(' ')) scope.gauge(name);
    this.ssl = tls && new SslStats(scope.scope('ssl.'), tls.tellsExpiry);
  }

  chargeResponse(code: number, internal: boolean): void {
    this.all.charge(code);
    (internal ? this.internal : this.external).charge(code);
  }

  chargeRetried(code: number): void {
    this.retried ??= new ResponseCodeStats(this.scope.scope('retry.'));
    this.retried.charge(code);
  }

  recordTime(ms: number, internal: boolean): void {
    this.upstreamRqTime.record(ms);
    (internal ? this.internal : this.external).time.record(ms);
  }
}
