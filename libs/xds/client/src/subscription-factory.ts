import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import type { ResourceWatcher, Subscription } from './subscription.ts';

/** What is wanted, and for whom. */
export interface SubscriptionRequest {
  readonly source: ConfigSource;
  /** The message type of every resource. */
  readonly typeName: string;
  /** `wildcard`: everything of the type that the source has for this proxy. */
  readonly names: readonly string[] | 'wildcard';
  /** Where `update_success`, `version` … are counted. */
  readonly stats: StatsScope;
  readonly watcher: ResourceWatcher;
}

/** Whoever can have resources from any kind of source: what the proxy's parts ask for configuration. */
export interface SubscriptionFactory {
  /** Nothing happens before `start`. */
  subscribe(request: SubscriptionRequest): Subscription;
}
