import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** `ext_authz.<stat_prefix>.`. Source: Envoy's TCP ext_authz stats. */
export class ExtAuthzStats {
  readonly active: Gauge;
  readonly cxClosed: Counter;
  readonly denied: Counter;
  readonly disabled: Counter;
  readonly error: Counter;
  readonly failureModeAllowed: Counter;
  readonly ok: Counter;
  readonly total: Counter;

  constructor(scope: StatsScope) {
    this.active = scope.gauge('active');
    this.cxClosed = scope.counter('cx_closed');
    this.denied = scope.counter('denied');
    this.disabled = scope.counter('disabled');
    this.error = scope.counter('error');
    this.failureModeAllowed = scope.counter('failure_mode_allowed');
    this.ok = scope.counter('ok');
    this.total = scope.counter('total');
  }
}
