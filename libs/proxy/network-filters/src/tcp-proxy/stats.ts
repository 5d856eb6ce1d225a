import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** `tcp.<stat_prefix>.`: Envoy's TCP proxy statistics. */
export class TcpProxyStats {
  readonly cxTotal: Counter;
  readonly cxNoRoute: Counter;
  readonly rxBytesTotal: Counter;
  readonly txBytesTotal: Counter;
  readonly idleTimeout: Counter;
  readonly maxDurationReached: Counter;
  readonly pausedReading: Counter;
  readonly resumedReading: Counter;
  readonly cxActive: Gauge;

  constructor(scope: StatsScope) {
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxNoRoute = scope.counter('downstream_cx_no_route');
    this.rxBytesTotal = scope.counter('downstream_cx_rx_bytes_total');
    this.txBytesTotal = scope.counter('downstream_cx_tx_bytes_total');
    this.idleTimeout = scope.counter('idle_timeout');
    this.maxDurationReached = scope.counter('max_downstream_connection_duration');
    this.pausedReading = scope.counter('downstream_flow_control_paused_reading_total');
    this.resumedReading = scope.counter('downstream_flow_control_resumed_reading_total');
    this.cxActive = scope.gauge('downstream_cx_active');
    for (const name of ['early_data_received_count_total', 'upstream_flush_total', 'on_demand_cluster_attempt',
      'on_demand_cluster_missing', 'on_demand_cluster_success', 'on_demand_cluster_timeout']) scope.counter(name); // prettier-ignore
    for (const name of ['downstream_cx_rx_bytes_buffered', 'downstream_cx_tx_bytes_buffered', 'upstream_flush_active'])
      scope.gauge(name);
  }
}
