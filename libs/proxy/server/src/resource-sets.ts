import { nearest, reportUnsupported, type DecodeContext } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import type { HcmConfig } from '@weft/proxy-hcm';
import type { DecodedListener, ListenerManager } from '@weft/proxy-listeners';
import type { ClusterManager, DecodedCluster } from '@weft/proxy-upstream';
import type {
  ReceivedResource,
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
  SubscriptionFactory,
} from '@weft/xds-client';
import { clusterPlaces } from './cluster-places.ts';
import { supported } from './support.ts';

export const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';

type Received = Pick<ReceivedResource, 'message' | 'cx'>;

/** The proxy whose sets they are. */
export interface ResourceSetsOwner {
  readonly bootstrap: Bootstrap;
  readonly clusters: ClusterManager;
  readonly listeners: ListenerManager;
  readonly subscriptions: SubscriptionFactory;
  readonly stats: StatsScope;
}

/** The sets of clusters and listeners of a proxy: checks and decodes them, from the bootstrap and from CDS and LDS. */
export class ResourceSets {
  private readonly owner: ResourceSetsOwner;
  private readonly subscriptions: Subscription[] = [];

  constructor(owner: ResourceSetsOwner) {
    this.owner = owner;
  }

  decodeClusters(received: readonly Received[]): DecodedCluster[] {
    rejectTwins(received, 'cluster');
    return received.flatMap(({ message, cx }) => this.owner.clusters.decode(message as Cluster, cx) ?? []);
  }

  decodeListeners(received: readonly Received[]): DecodedListener[] {
    rejectTwins(
      received.filter(({ message }) => (message as Listener).name !== ''),
      'listener',
    );
    return received.flatMap(({ message, cx }) => this.owner.listeners.decode(message as Listener, cx) ?? []);
  }

  /**
   * Inline routes to a cluster that is nowhere are a typing error in nearly every case: Envoy refuses them in a bootstrap
   * (`validate_clusters`), so the proxy does.
   */
  checkRoutes(
    messages: readonly Listener[],
    decoded: readonly DecodedListener[],
    { clusters, cx }: { readonly clusters: readonly Cluster[]; readonly cx: DecodeContext },
  ): void {
    // Those with faults count: they are there. One whose name could not be read may be any.
    const known = new Set(clusters.map(({ name }) => name));
    if (known.has('') || this.owner.bootstrap.dynamicResources?.cdsConfig !== undefined) return;
    messages.forEach((message, i) => {
      const found = decoded.find((listener) => listener.message === message);
      // Of one that was refused for something else all the same is told.
      const names = found === undefined ? clusterPlaces(message).map(({ cluster }) => cluster) : routedTo(found);
      for (const name of new Set(names))
        if (!known.has(name)) reportMissing(name, known, { message, cx: cx.at('listeners', i) });
    });
  }

  startClusters(source: ConfigSource | undefined): Promise<void> {
    const { clusters } = this.owner;
    return this.start(source, CLUSTER, 'cluster_manager.cds.', clusterWatcher(clusters));
  }

  startListeners(source: ConfigSource | undefined): Promise<void> {
    const { listeners } = this.owner;
    const watcher = new DiscoveredSet<DecodedListener>({
      decode: ({ message, cx }) => listeners.decode(message as Listener, cx),
      apply: (added, { removed, version }) => listeners.applyDiscovered({ added, removed, version }),
    });
    return this.start(source, LISTENER, 'listener_manager.lds.', watcher);
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.close();
  }

  private async start(
    source: ConfigSource | undefined,
    typeName: string,
    scope: string,
    watcher: ResourceWatcher,
  ): Promise<void> {
    if (source === undefined) return;
    const { subscriptions, stats } = this.owner;
    const subscription = subscriptions.subscribe({
      source,
      typeName,
      names: 'wildcard',
      stats: stats.scope(scope),
      watcher,
    });
    this.subscriptions.push(subscription);
    await subscription.start();
  }
}

/** Puts clusters to use as they come, and takes them out as they go. */
export function clusterWatcher(clusters: ClusterManager): ResourceWatcher {
  return new DiscoveredSet<DecodedCluster>({
    decode: ({ message, cx }) => clusters.decode(message as Cluster, cx),
    apply: (added, { removed, version }) => {
      clusters.applyDiscovered({ added, removed, version });
      return Promise.resolve(new Map());
    },
  });
}

/** What differs between clusters and listeners. */
interface DiscoveredKind<T extends object> {
  decode(received: Received): T | undefined;
  /** Puts to use what is good. Gives why not, by name, for what cannot be. */
  apply(
    added: readonly (T & { readonly version: string })[],
    update: ResourceUpdate,
  ): Promise<ReadonlyMap<string, string>>;
}

class DiscoveredSet<T extends object> implements ResourceWatcher {
  private readonly kind: DiscoveredKind<T>;

  constructor(kind: DiscoveredKind<T>) {
    this.kind = kind;
  }

  async onUpdate(update: ResourceUpdate): Promise<void> {
    const good: (T & { readonly version: string })[] = [];
    for (const received of update.added) {
      const decoded = this.decode(received);
      if (decoded !== undefined && received.cx.faults.length === 0)
        good.push({ ...decoded, version: received.version });
    }
    const refused = await this.kind.apply(good, update);
    for (const { name, cx } of update.added) {
      const reason = refused.get(name);
      if (reason !== undefined) cx.error(reason);
    }
  }

  judge({ added }: ResourceUpdate): void {
    for (const received of added) this.decode(received);
  }

  private decode(received: Received): T | undefined {
    reportUnsupported(received.message, supported, received.cx);
    return this.kind.decode(received);
  }
}

/** The clusters that the inline routes of a listener name, where they are to be there. */
function routedTo({ config: { chains, defaultChain } }: DecodedListener): string[] {
  return (defaultChain === undefined ? chains : [...chains, defaultChain]).flatMap((chain) => {
    const { routes } = (chain.filters.at(-1)?.config ?? {}) as Partial<HcmConfig>;
    return routes?.kind !== 'static' || routes.table.validateClusters === false ? [] : [...routes.table.clusterNames];
  });
}

function rejectTwins(received: readonly Received[], kind: string): void {
  const seen = new Set<string>();
  for (const { message, cx } of received) {
    const { name } = message as Cluster | Listener;
    if (seen.has(name)) cx.at('name').error(`there are two ${kind}s named "${name}"`, { expected: 'each name once' });
    seen.add(name);
  }
}

/** At each place where a route names the cluster. */
function reportMissing(
  name: string,
  known: ReadonlySet<string>,
  listener: { readonly message: Listener; readonly cx: DecodeContext },
): void {
  const places = clusterPlaces(listener.message).filter(({ cluster }) => cluster === name);
  if (places.length === 0)
    listener.cx.error(`routes to the cluster "${name}", which does not exist`, nearestHint(name, known));
  for (const { path } of places)
    listener.cx.at(...path).error(`there is no cluster "${name}"`, nearestHint(name, known));
}

function nearestHint(name: string, known: ReadonlySet<string>): { suggestion?: string } {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? {} : { suggestion };
}
