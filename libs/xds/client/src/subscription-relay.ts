import { after, type Timer, type Timers } from '@weft/core-runtime';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import { RelayGroup, type RelayMember } from './relay-group.ts';
import type { RelayDownstream, RelayedWish, RelayUpstream } from './relay-messages.ts';
import type { SubscriptionFactory } from './subscription-factory.ts';

/** How long what the first thread asks for waits for the others to ask for it too, in milliseconds. */
const GATHER_MS = 1000;

export interface SubscriptionRelayOptions {
  /** Has the servers. */
  readonly subscriptions: SubscriptionFactory;
  /** The root of all stat names. */
  readonly stats: StatsScope;
  readonly timers: Timers;
  /** How many threads will subscribe to the same. */
  readonly threads: number;
}

/** One thread's end of the relay. */
export interface RelayLink extends RelayUpstream {
  /** The thread is gone: it subscribes to nothing any more. */
  close(): void;
}

interface Entry {
  readonly group: RelayGroup;
  readonly wish: RelayedWish;
  gathering: Timer | undefined;
}

interface Place {
  readonly member: RelayMember;
  key: string;
}

/**
 * Subscribes for other threads, each of which wants the same: once for all of them, so that a server sees one proxy. While
 * they begin, what one of them asks for waits for the others: the first answer to the server is that of all.
 */
export class SubscriptionRelay {
  private readonly options: SubscriptionRelayOptions;
  private readonly uncounted = createNullScope();
  private readonly groups = new Map<string, Entry>();
  private links = 0;
  private begun = false;

  constructor(options: SubscriptionRelayOptions) {
    this.options = options;
  }

  /** All threads have begun: from now on whoever asks first asks for all, at once. */
  allBegun(): void {
    this.begun = true;
    for (const key of this.groups.keys()) this.begin(key);
  }

  link(thread: RelayDownstream): RelayLink {
    const places = new Map<number, Place>();
    const number = (this.links += 1);
    const leave = (id: number): void => {
      const place = places.get(id);
      places.delete(id);
      if (place !== undefined) this.leave(place);
    };
    return {
      subscribeResources: (id, wish) => {
        const place = { key: JSON.stringify(wish), member: { id, thread } };
        places.set(id, place);
        this.join(place, wish);
      },
      unsubscribeResources: leave,
      renameResources: (id, names) => {
        const place = places.get(id);
        if (place !== undefined) this.rename(place, names, `${number} ${id}`);
      },
      askResourcesAgain: (id, names) => this.groups.get(places.get(id)?.key ?? '')?.group.askAgain(names),
      close: () => {
        for (const id of [...places.keys()]) leave(id);
      },
    };
  }

  private join({ key, member }: Place, wish: RelayedWish): void {
    let entry = this.groups.get(key);
    if (entry === undefined) {
      entry = { group: new RelayGroup(wish), wish, gathering: undefined };
      this.groups.set(key, entry);
    }
    const { group } = entry;
    group.join(member);
    if (group.started) return;
    if (this.begun || group.threads === this.options.threads) this.begin(key);
    else entry.gathering ??= after(this.options.timers, GATHER_MS, () => this.begin(key));
  }

  private begin(key: string): void {
    const entry = this.groups.get(key);
    if (entry === undefined || entry.group.started) return;
    entry.gathering?.cancel();
    const { stats, subscriptions } = this.options;
    const { statsPrefix, source, typeName, names } = entry.wish;
    const scope = statsPrefix === undefined ? this.uncounted : stats.scope(statsPrefix);
    entry.group.start(subscriptions.subscribe({ source, typeName, names, stats: scope, watcher: entry.group }));
  }

  /** What a thread asks for as traffic needs it is its own: from the first change on it has a group to itself. */
  private rename(place: Place, names: readonly string[], ownKey: string): void {
    const entry = this.groups.get(place.key);
    if (entry === undefined) return;
    if (place.key === ownKey) {
      entry.group.rename(names);
      return;
    }
    const before = { ...place };
    place.key = ownKey;
    this.join(place, { ...entry.wish, names });
    this.begin(ownKey);
    // Left last, so that the server does not forget in between what both name.
    this.leave(before);
  }

  private leave({ key, member }: Place): void {
    const entry = this.groups.get(key);
    entry?.group.leave(member);
    if (entry?.group.empty !== true) return;
    entry.gathering?.cancel();
    entry.group.close();
    this.groups.delete(key);
  }
}
