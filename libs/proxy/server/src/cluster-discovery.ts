import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type {
  ClusterDiscovery,
  ClusterDiscoveryHandle,
  ClusterDiscoveryOutcome,
  ClusterDiscoveryOwner,
  ClusterDiscoverySource,
} from '@weft/proxy-filter-api';
import type { ClusterManager } from '@weft/proxy-upstream';
import type { ResourceUpdate, ResourceWatcher, Subscription, SubscriptionFactory } from '@weft/xds-client';
import { CLUSTER, clusterWatcher } from './resource-sets.ts';

export interface ClusterDiscoveriesOptions {
  readonly clusters: ClusterManager;
  readonly subscriptions: SubscriptionFactory;
  readonly runtime: Runtime;
  /** The root of all stat names: counted under `cluster_manager.odcds.`. */
  readonly stats: StatsScope;
}

/**
 * Clusters that traffic asks for by name. What came stays, is updated, and goes when the server says so, like any cluster of
 * CDS; a name that there is no cluster of is asked for again by whoever needs it next. Source: Envoy's ODCDS.
 *
 *   unknown -- asked --> pending -- warm --> available
 *                           `-- the server has none, or the time is over --> unknown
 */
export class ClusterDiscoveries {
  private readonly options: ClusterDiscoveriesOptions;
  private readonly sources = new Map<string, Source>();
  /** By name, whichever source was asked. */
  private readonly pending = new Map<string, Pending>();

  constructor(options: ClusterDiscoveriesOptions) {
    this.options = options;
    options.clusters.onAdded((name) => this.settle(name, 'available'));
  }

  from(wanted: ClusterDiscoverySource): ClusterDiscovery {
    const key = JSON.stringify([wanted.source, wanted.resourcesLocator]);
    let source = this.sources.get(key);
    if (source === undefined) {
      source = new Source(wanted, this.options, (name) => this.settle(name, 'missing'));
      this.sources.set(key, source);
    }
    const asked = source;
    return { discover: (name, timeoutMs, owner) => this.discover(asked, { name, timeoutMs, owner }) };
  }

  close(): void {
    for (const source of this.sources.values()) source.close();
    for (const { timer } of this.pending.values()) timer.cancel();
    this.pending.clear();
  }

  private discover(
    source: Source,
    { name, timeoutMs, owner }: { name: string; timeoutMs: number; owner: ClusterDiscoveryOwner },
  ): ClusterDiscoveryHandle {
    let pending = this.pending.get(name);
    if (pending === undefined) {
      const timer = after(this.options.runtime.timers, timeoutMs, () => this.settle(name, 'timeout'));
      pending = { timer, owners: new Set() };
      this.pending.set(name, pending);
      source.ask(name);
    }
    const { owners } = pending;
    owners.add(owner);
    return { cancel: () => owners.delete(owner) };
  }

  private settle(name: string, outcome: ClusterDiscoveryOutcome): void {
    const pending = this.pending.get(name);
    if (pending === undefined) return;
    this.pending.delete(name);
    pending.timer.cancel();
    // One of them may cancel another's wait.
    for (const owner of [...pending.owners]) if (pending.owners.delete(owner)) owner.onClusterDiscovered(outcome);
  }
}

interface Pending {
  readonly timer: Timer;
  readonly owners: Set<ClusterDiscoveryOwner>;
}

/** One subscription, which grows by a name with each cluster that is asked for. */
class Source implements ResourceWatcher {
  private readonly wanted: ClusterDiscoverySource;
  private readonly options: ClusterDiscoveriesOptions;
  private readonly onMissing: (name: string) => void;
  private readonly inner: ResourceWatcher;
  private readonly names = new Set<string>();
  private subscription: Subscription | undefined;

  constructor(wanted: ClusterDiscoverySource, options: ClusterDiscoveriesOptions, onMissing: (name: string) => void) {
    this.wanted = wanted;
    this.options = options;
    this.onMissing = onMissing;
    this.inner = clusterWatcher(options.clusters);
  }

  ask(name: string): void {
    const known = this.names.has(name);
    this.names.add(name);
    if (this.subscription === undefined) this.subscribe();
    else if (known) this.subscription.askAgain?.([name]);
    else this.subscription.setNames?.(this.all);
  }

  async onUpdate(update: ResourceUpdate): Promise<void> {
    await this.inner.onUpdate(update);
    for (const name of update.removed) this.onMissing(name);
  }

  judge(update: ResourceUpdate): void {
    this.inner.judge?.(update);
  }

  close(): void {
    this.subscription?.close();
  }

  private get all(): string[] {
    const { resourcesLocator: locator } = this.wanted;
    return locator === '' ? [...this.names] : [locator, ...this.names];
  }

  private subscribe(): void {
    const { subscriptions, stats } = this.options;
    this.subscription = subscriptions.subscribe({
      source: this.wanted.source,
      typeName: CLUSTER,
      names: this.all,
      stats: stats.scope('cluster_manager.odcds.'),
      watcher: this,
    });
    void this.subscription.start();
  }
}
