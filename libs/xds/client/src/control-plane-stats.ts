import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** About one stream. Source: Envoy's control plane statistics (`control_plane.` under the scope of the subscription or server). */
export class ControlPlaneStats {
  readonly connectedState: Gauge;
  readonly pendingRequests: Gauge;
  readonly rateLimitEnforced: Counter;

  constructor(scope: StatsScope) {
    const own = scope.scope('control_plane.');
    this.connectedState = own.gauge('connected_state');
    this.pendingRequests = own.gauge('pending_requests');
    this.rateLimitEnforced = own.counter('rate_limit_enforced');
  }
}
