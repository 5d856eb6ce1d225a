import type { Counter, Gauge, Histogram, StatsScope } from '@weft/core-stats';

/** `listener.<address>.`: Envoy's listener statistics. */
export class ListenerStats {
  readonly cxTotal: Counter;
  readonly cxActive: Gauge;
  readonly cxDestroy: Counter;
  readonly cxLengthMs: Histogram;
  readonly cxOverflow: Counter;
  readonly cxOverloadReject: Counter;
  readonly globalCxOverflow: Counter;
  readonly transportSocketConnectTimeout: Counter;
  readonly preCxActive: Gauge;
  readonly preCxTimeout: Counter;
  readonly listenerFilterError: Counter;
  readonly listenerFilterRemoteClose: Counter;
  readonly noFilterChainMatch: Counter;
  /** The same two for the worker at hand: `worker_0.`. */
  readonly workerCxTotal: Counter;
  readonly workerCxActive: Gauge;

  constructor(scope: StatsScope, workerIndex: number) {
    this.cxTotal = scope.counter('downstream_cx_total');
    this.cxActive = scope.gauge('downstream_cx_active');
    this.cxDestroy = scope.counter('downstream_cx_destroy');
    this.cxLengthMs = scope.histogram('downstream_cx_length_ms');
    this.cxOverflow = scope.counter('downstream_cx_overflow');
    this.cxOverloadReject = scope.counter('downstream_cx_overload_reject');
    this.globalCxOverflow = scope.counter('downstream_global_cx_overflow');
    this.transportSocketConnectTimeout = scope.counter('downstream_cx_transport_socket_connect_timeout');
    this.preCxActive = scope.gauge('downstream_pre_cx_active');
    this.preCxTimeout = scope.counter('downstream_pre_cx_timeout');
    this.listenerFilterError = scope.counter('downstream_listener_filter_error');
    this.listenerFilterRemoteClose = scope.counter('downstream_listener_filter_remote_close');
    this.noFilterChainMatch = scope.counter('no_filter_chain_match');
    scope.histogram('connections_accepted_per_socket_event');
    // Filters that come by discovery, which is not implemented.
    scope.counter('extension_config_missing');
    scope.counter('network_extension_config_missing');
    const worker = scope.scope(`worker_${workerIndex}.`);
    this.workerCxTotal = worker.counter('downstream_cx_total');
    this.workerCxActive = worker.gauge('downstream_cx_active');
  }

  opened(): void {
    this.cxTotal.inc();
    this.cxActive.inc();
    this.workerCxTotal.inc();
    this.workerCxActive.inc();
  }

  ended(lengthMs: number): void {
    this.cxActive.dec();
    this.workerCxActive.dec();
    this.cxDestroy.inc();
    this.cxLengthMs.record(lengthMs);
  }
}
