import { DecodeContext, sourceNamed, type Fault } from '@weft/api-envoy';
import { placeName } from './incoming.ts';
import {
  unpackUpdate,
  type PlacedFault,
  type RelayDownstream,
  type RelayedOutcome,
  type RelayedUpdate,
  type RelayUpstream,
} from './relay-messages.ts';
import { requireSource, type KnownSources } from './known-sources.ts';
import type { TypeStatus } from './subscriptions.ts';
import type { SubscriptionFactory, SubscriptionRequest } from './subscription-factory.ts';
import type { ReceivedResource, ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';

/** What nobody asks for any more is as good as taken. */
const NOTHING_WRONG: RelayedOutcome = { faults: [], warnings: [], thrown: undefined };

/**
 * The subscriptions of a thread that has no servers of its own: another thread holds them for it (SubscriptionRelay), and tells
 * what comes. Resources arrive as octets that were found to keep the rules of the API, and are opened here.
 */
export class RelayedSubscriptions implements SubscriptionFactory, RelayDownstream {
  private readonly upstream: RelayUpstream;
  private readonly sources: KnownSources;
  private readonly open = new Map<number, RelayedSubscription>();
  private lastId = 0;

  constructor(upstream: RelayUpstream, sources: KnownSources) {
    this.upstream = upstream;
    this.sources = sources;
  }

  /** @throws Error for a source that cannot be had */
  subscribe(request: SubscriptionRequest): Subscription {
    requireSource(request, this.sources);
    return new RelayedSubscription(request, {
      begin: (subscription) => this.begin(subscription),
      end: (id) => this.end(id),
      upstream: this.upstream,
    });
  }

  /** The thread that holds them knows. */
  status(): TypeStatus[] {
    return [];
  }

  close(): void {
    for (const subscription of [...this.open.values()]) subscription.close();
  }

  async takeResources(id: number, update: RelayedUpdate): Promise<RelayedOutcome> {
    const watcher = this.open.get(id)?.watcher;
    return watcher === undefined ? NOTHING_WRONG : this.hand(id, update, (part) => watcher.onUpdate(part));
  }

  async judgeResources(id: number, update: RelayedUpdate): Promise<RelayedOutcome> {
    const watcher = this.open.get(id)?.watcher;
    return watcher === undefined ? NOTHING_WRONG : this.hand(id, update, (part) => watcher.judge?.(part));
  }

  resourcesLate(id: number): void {
    this.open.get(id)?.watcher.onFetchTimeout?.();
  }

  resourcesSettled(id: number): void {
    this.open.get(id)?.settle();
  }

  private begin(subscription: RelayedSubscription): number {
    this.lastId += 1;
    const id = this.lastId;
    const { source, typeName, stats, watcher } = subscription.request;
    this.open.set(id, subscription);
    this.upstream.subscribeResources(id, {
      source,
      typeName,
      names: subscription.names,
      statsPrefix: stats.prefix,
      needsResource: watcher.needsResource ?? false,
    });
    return id;
  }

  private end(id: number): void {
    this.open.delete(id);
    this.upstream.unsubscribeResources(id);
  }

  private async hand(
    id: number,
    update: RelayedUpdate,
    task: (update: ResourceUpdate) => Promise<void> | void,
  ): Promise<RelayedOutcome> {
    const { typeName } = this.open.get(id)!.request;
    const sinks: { faults: Fault[]; warnings: Fault[] }[] = [];
    const added = unpackUpdate(update).flatMap(({ name, version, octets }): ReceivedResource[] => {
      const sink = { faults: [], warnings: [] };
      sinks.push(sink);
      const cx = new DecodeContext(sourceNamed(placeName(typeName, name)), sink);
      const any = {
        $typeName: 'google.protobuf.Any',
        typeUrl: `type.googleapis.com/${typeName}`,
        value: octets,
      } as const;
      const message = cx.unpack(any, typeName);
      return message === undefined ? [] : [{ name, version, message, octets, cx }];
    });
    let thrown: string | undefined;
    try {
      await task({ kind: update.kind, version: update.version, added, removed: update.removed });
    } catch (error) {
      thrown = (error as Error).message;
    }
    const placed = (list: 'faults' | 'warnings'): PlacedFault[] =>
      sinks.flatMap((sink, at) => sink[list].map((fault) => ({ at, fault })));
    return { faults: placed('faults'), warnings: placed('warnings'), thrown };
  }
}

interface Ways {
  begin(subscription: RelayedSubscription): number;
  end(id: number): void;
  readonly upstream: RelayUpstream;
}

/** One of them. */
class RelayedSubscription implements Subscription {
  readonly request: SubscriptionRequest;
  readonly watcher: ResourceWatcher;
  names: readonly string[] | 'wildcard';
  private readonly ways: Ways;
  private id: number | undefined;
  private readonly first = Promise.withResolvers<undefined>();

  constructor(request: SubscriptionRequest, ways: Ways) {
    this.request = request;
    this.watcher = request.watcher;
    this.names = request.names;
    this.ways = ways;
  }

  start(): Promise<void> {
    this.id = this.ways.begin(this);
    return this.first.promise;
  }

  setNames(names: readonly string[]): void {
    this.names = names;
    if (this.id !== undefined) this.ways.upstream.renameResources(this.id, names);
  }

  askAgain(names: readonly string[]): void {
    if (this.id !== undefined) this.ways.upstream.askResourcesAgain(this.id, names);
  }

  close(): void {
    if (this.id !== undefined) this.ways.end(this.id);
    this.id = undefined;
    this.settle();
  }

  settle(): void {
    this.first.resolve(undefined);
  }
}
