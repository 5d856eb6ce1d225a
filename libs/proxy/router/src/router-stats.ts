import type { Counter, StatsScope } from '@weft/core-stats';

/** The router's own counters, beside the connection manager's under `http.<stat_prefix>.`. Names are Envoy's. */
export class RouterStats {
  readonly noRoute: Counter;
  readonly noCluster: Counter;
  readonly rqDirectResponse: Counter;
  readonly rqTotal: Counter;
  readonly rqResetAfterDownstreamResponseStarted: Counter;

  constructor(scope: StatsScope) {
    this.noRoute = scope.counter('no_route');
    this.noCluster = scope.counter('no_cluster');
    this.rqDirectResponse = scope.counter('rq_direct_response');
    this.rqTotal = scope.counter('rq_total');
    this.rqResetAfterDownstreamResponseStarted = scope.counter('rq_reset_after_downstream_response_started');
    // Never moved, not even by Envoy itself (redirects count as direct responses there too); dashboards look for them.
    scope.counter('rq_redirect');
    scope.counter('rq_overload_local_reply');
    scope.counter('passthrough_internal_redirect_bad_location');
    scope.counter('passthrough_internal_redirect_no_route');
    scope.counter('passthrough_internal_redirect_predicate');
    scope.counter('passthrough_internal_redirect_too_many_redirects');
    scope.counter('passthrough_internal_redirect_unsafe_scheme');
  }
}
