import type { Counter, Gauge, StatsScope } from '@weft/core-stats';

/** `listener_manager.`: Envoy's listener manager statistics. */
export class ListenerManagerStats {
  readonly listenerAdded: Counter;
  readonly listenerModified: Counter;
  readonly listenerRemoved: Counter;
  readonly listenerStopped: Counter;
  readonly listenerCreateSuccess: Counter;
  readonly listenerCreateFailure: Counter;
  readonly listenerInPlaceUpdated: Counter;
  readonly totalListenersActive: Gauge;
  readonly totalListenersDraining: Gauge;
  readonly totalListenersWarming: Gauge;
  readonly totalFilterChainsDraining: Gauge;

  constructor(scope: StatsScope) {
    this.listenerAdded = scope.counter('listener_added');
    this.listenerModified = scope.counter('listener_modified');
    this.listenerRemoved = scope.counter('listener_removed');
    this.listenerStopped = scope.counter('listener_stopped');
    this.listenerCreateSuccess = scope.counter('listener_create_success');
    this.listenerCreateFailure = scope.counter('listener_create_failure');
    this.listenerInPlaceUpdated = scope.counter('listener_in_place_updated');
    this.totalListenersActive = scope.gauge('total_listeners_active');
    this.totalListenersDraining = scope.gauge('total_listeners_draining');
    this.totalListenersWarming = scope.gauge('total_listeners_warming');
    this.totalFilterChainsDraining = scope.gauge('total_filter_chains_draining');
    scope.gauge('workers_pinned');
    scope.gauge('workers_started').set(1);
  }
}
