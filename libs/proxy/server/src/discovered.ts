import type { StatsStore } from '@weft/observe-metrics';
import type { SubscriptionFactory, TypeStatus } from '@weft/xds-client';

/** The subscriptions of a proxy, its own or those that another thread holds for it. */
export interface ProxySubscriptions extends SubscriptionFactory {
  /** For dumps; nothing where another thread holds them. */
  status(): TypeStatus[];
  close(): void;
}

/** What only who holds the subscriptions knows of them. It can be copied to another thread. */
export interface Discovered {
  /** The resources that were refused, and why. */
  readonly refused: readonly TypeStatus[];
  /** The versions that were taken last; `''`: none. */
  readonly cdsVersion: string;
  readonly ldsVersion: string;
}

export function discoveredBy(subscriptions: ProxySubscriptions, store: StatsStore): Discovered {
  return {
    refused: subscriptions
      .status()
      .map((type) => ({ ...type, resources: type.resources.filter(({ error }) => error !== undefined) }))
      .filter(({ resources }) => resources.length > 0),
    cdsVersion: store.text('cluster_manager.cds.version_text').value,
    ldsVersion: store.text('listener_manager.lds.version_text').value,
  };
}
