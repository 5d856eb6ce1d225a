import type { Counter, StatsScope } from '@weft/core-stats';

/** Names that nothing here moves yet, at 0 for dashboards made for Envoy. */
const ALWAYS_COUNTERS = [
  'downstream_cx_drain_close',
  'downstream_cx_overload_close',
  'early_data_received_count_total',
  'route_delayed_total',
  'upstream_flush_total',
];
const ALWAYS_GAUGES = ['downstream_cx_rx_bytes_buffered', 'downstream_cx_tx_bytes_buffered', 'upstream_flush_active'];

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

  constructor(scope: StatsScope) {
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxNoRoute = scope.counter('downstream_cx_no_route');
    this.rxBytesTotal = scope.counter('downstream_cx_rx_bytes_total');
    this.txBytesTotal = scope.counter('downstream_cx_tx_bytes_total');
    this.idleTimeout = scope.counter('idle_timeout');
    this.maxDurationReached = scope.counter('max_downstream_connection_duration');
    this.pausedReading = scope.counter('downstream_flow_control_paused_reading_total');
    this.resumedReading = scope.counter('downstream_flow_control_resumed_reading_total');
    for (const name of ALWAYS_COUNTERS) scope.counter(name);
    for (const name of ALWAYS_GAUGES) scope.gauge(name);
  }
}
