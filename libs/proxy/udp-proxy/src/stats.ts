import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** `udp.<stat_prefix>.`: Envoy's statistics of udp_proxy. */
export class UdpProxyStats {
  readonly sessTotal: Counter;
  readonly sessActive: Gauge;
  readonly noRoute: Counter;
  readonly rxBytes: Counter;
  readonly rxDatagrams: Counter;
  readonly rxErrors: Counter;
  readonly txBytes: Counter;
  readonly txDatagrams: Counter;
  readonly txErrors: Counter;
  readonly idleTimeout: Counter;

  constructor(scope: StatsScope) {
    this.sessTotal = scope.counter('downstream_sess_total');
    this.sessActive = scope.gauge('downstream_sess_active');
    this.noRoute = scope.counter('downstream_sess_no_route');
    this.rxBytes = scope.counter('downstream_sess_rx_bytes');
    this.rxDatagrams = scope.counter('downstream_sess_rx_datagrams');
    this.rxErrors = scope.counter('downstream_sess_rx_errors');
    this.txBytes = scope.counter('downstream_sess_tx_bytes');
    this.txDatagrams = scope.counter('downstream_sess_tx_datagrams');
    this.txErrors = scope.counter('downstream_sess_tx_errors');
    this.idleTimeout = scope.counter('idle_timeout');
    scope.counter('session_filter_config_missing');
  }
}

/** `cluster.<name>.udp.`, and the bytes that the cluster counts of all its connections. */
export class UdpClusterStats {
  readonly rxDatagrams: Counter;
  readonly rxDatagramsDropped: Counter;
  readonly rxErrors: Counter;
  readonly txDatagrams: Counter;
  readonly txErrors: Counter;
  readonly rxBytesTotal: Counter;
  readonly txBytesTotal: Counter;

  constructor(cluster: StatsScope) {
    this.rxBytesTotal = cluster.counter('upstream_cx_rx_bytes_total');
    this.txBytesTotal = cluster.counter('upstream_cx_tx_bytes_total');
    const scope = cluster.scope('udp.');
    this.rxDatagrams = scope.counter('sess_rx_datagrams');
    this.rxDatagramsDropped = scope.counter('sess_rx_datagrams_dropped');
    this.rxErrors = scope.counter('sess_rx_errors');
    this.txDatagrams = scope.counter('sess_tx_datagrams');
    this.txErrors = scope.counter('sess_tx_errors');
    for (const name of ['sess_tunnel_success', 'sess_tunnel_failure', 'sess_tunnel_buffer_overflow'])
      scope.counter(name);
  }
}
