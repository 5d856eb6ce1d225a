import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** `dns.cares.`: the names under which Envoy counts its usual resolver, whichever is used here. */
export class DnsStats {
  readonly resolveTotal: Counter;
  readonly pendingResolutions: Gauge;
  /** The name has no address. */
  readonly notFound: Counter;
  readonly getAddrFailure: Counter;
  readonly timeouts: Counter;

  constructor(scope: StatsScope) {
    this.resolveTotal = scope.counter('resolve_total');
    this.pendingResolutions = scope.gauge('pending_resolutions');
    this.notFound = scope.counter('not_found');
    this.getAddrFailure = scope.counter('get_addr_failure');
    this.timeouts = scope.counter('timeouts');
    scope.counter('reinits');
  }
}
