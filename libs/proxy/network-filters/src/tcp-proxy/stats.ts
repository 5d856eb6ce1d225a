import type { Counter, Gauge, StatsScope } from '@weft/core-stats';
import type { ClusterDiscoveryOutcome } from '@weft/proxy-filter-api';

/** Names that nothing here moves yet, at 0 for dashboards made for Envoy. */
const ALWAYS_COUNTERS = ['downstream_cx_overload_close', 'route_delayed_total'];
const ALWAYS_GAUGES = ['downstream_cx_rx_bytes_buffered'];

/** `tcp.<stat_prefix>.`: Envoy's TCP proxy statistics. */
export class TcpProxyStats {
  readonly cxTotal: Counter;
  readonly cxNoRoute: Counter;
  readonly cxDrainClose: Counter;
  readonly rxBytesTotal: Counter;
  readonly txBytesTotal: Counter;
  /** Bytes that wait for a client that reads slowly, as of when its upstream was paused for it. */
  readonly txBytesBuffered: Gauge;
  readonly idleTimeout: Counter;
  readonly maxDurationReached: Counter;
  readonly pausedReading: Counter;
  readonly resumedReading: Counter;
  readonly earlyDataReceived: Counter;
  readonly upstreamFlushTotal: Counter;
  readonly upstreamFlushActive: Gauge;
  /** A cluster was asked for, and what came of it. */
  readonly onDemandAttempt: Counter;
  readonly onDemand: Readonly<Record<ClusterDiscoveryOutcome, Counter>>;

  constructor(scope: StatsScope) {
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxNoRoute = scope.counter('downstream_cx_no_route');
    this.cxDrainClose = scope.counter('downstream_cx_drain_close');
    this.rxBytesTotal = scope.counter('downstream_cx_rx_bytes_total');
    this.txBytesTotal = scope.counter('downstream_cx_tx_bytes_total');
    this.txBytesBuffered = scope.gauge('downstream_cx_tx_bytes_buffered');
    this.idleTimeout = scope.counter('idle_timeout');
    this.maxDurationReached = scope.counter('max_downstream_connection_duration');
    this.pausedReading = scope.counter('downstream_flow_control_paused_reading_total');
    this.resumedReading = scope.counter('downstream_flow_control_resumed_reading_total');
    this.earlyDataReceived = scope.counter('early_data_received_count_total');
    this.upstreamFlushTotal = scope.counter('upstream_flush_total');
    this.upstreamFlushActive = scope.gauge('upstream_flush_active');
    this.onDemandAttempt = scope.counter('on_demand_cluster_attempt');
    this.onDemand = {
      available: scope.counter('on_demand_cluster_success'),
      missing: scope.counter('on_demand_cluster_missing'),
      timeout: scope.counter('on_demand_cluster_timeout'),
    };
    for (const name of ALWAYS_COUNTERS) scope.counter(name);
    for (const name of ALWAYS_GAUGES) scope.gauge(name);
  }
}
