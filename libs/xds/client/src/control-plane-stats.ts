import type { Counter, Gauge, StatsScope, TextReadout } from '@weft/core-stats';

/** About one stream. Source: Envoy's control plane statistics (`control_plane.` under the scope of the subscription or server). */
export class ControlPlaneStats {
  readonly connectedState: Gauge;
  readonly pendingRequests: Gauge;
  readonly rateLimitEnforced: Counter;
  /** Who answers, in its own words. */
  readonly identifier: TextReadout;

  constructor(scope: StatsScope) {
    const own = scope.scope('control_plane.');
    this.connectedState = own.gauge('connected_state');
    this.pendingRequests = own.gauge('pending_requests');
    this.rateLimitEnforced = own.counter('rate_limit_enforced');
    this.identifier = own.text('identifier');
  }
}
