import type { Fault } from '@weft/api-envoy';
import type { Runtime } from '@weft/core-runtime';
import { Delivery } from './delivery.ts';
import { namesTwice, type Incoming } from './incoming.ts';
import type { Opened } from './opened-resource.ts';
import type { ResourceStatus } from './resource-status.ts';
import { ResourcesInForce, type Entry } from './resources-in-force.ts';
import { ResponseSorter } from './response-sorter.ts';
import { nothingSorted, type Sorted } from './sorted-response.ts';
import { WatchSet } from './watch-set.ts';
import type { Watch } from './watch.ts';

export interface ResourceTableOptions {
  readonly typeName: string;
  readonly runtime: Runtime;
  /** A resource that is missing in a full response is removed. */
  readonly absenceRemoves: boolean;
  /**
   * The server was asked for the name, and does not know yet that nobody wants it any more: it would not send the resource again to
   * whoever asks next. `'*'` is all names. Default: no name is.
   */
  readonly asked?: (name: string) => boolean;
}

/**
 * The resources of one type from one source, and who watches them. Both protocols, files and polling end here: what is the
 * same as before is dropped unread, the rest is opened, checked, handed to its watchers, and kept if they took it.
 *
 *     Incoming -- ResponseSorter --> Sorted -- Delivery --> watchers -- their faults --> ResourcesInForce
 */
export class ResourceTable {
  readonly typeName: string;
  private readonly options: ResourceTableOptions;
  private readonly watches: WatchSet;
  private readonly inForce: ResourcesInForce;
  private readonly sorter: ResponseSorter;
  private readonly delivery: Delivery;
  private version = '';
  /** Who is to be told next what is in force already, and of which names. */
  private readonly replays = new Map<Watch, Set<string>>();
  /** The update under way; the next waits for it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: ResourceTableOptions) {
    const { typeName, runtime, asked = () => false } = options;
    this.options = options;
    this.typeName = typeName;
    this.watches = new WatchSet(typeName, asked);
    this.inForce = new ResourcesInForce({ typeName, runtime, onExpired: (entry) => this.expire(entry) });
    this.sorter = new ResponseSorter(typeName, this.inForce, this.watches);
    this.delivery = new Delivery(this.watches, runtime);
  }

  add(watch: Watch): void {
    this.watches.add(watch);
    this.replay(watch, watch.names === 'wildcard' ? [...this.inForce.names] : [...watch.names]);
  }

  remove(watch: Watch): void {
    for (const name of this.watches.remove(watch)) this.forgetUnwatched(name);
    if (!this.watches.hasWildcard) for (const name of this.inForce.names) this.forgetUnwatched(name);
  }

  setNames(watch: Watch, names: ReadonlySet<string>): void {
    const { fresh, gone } = this.watches.setNames(watch, names);
    for (const name of gone) this.forgetUnwatched(name);
    this.replay(watch, fresh);
  }

  /** The server knows now that nobody wants these. */
  release(names: Iterable<string>): void {
    for (const name of names) {
      if (name !== '*') this.forgetUnwatched(name);
      else for (const one of this.inForce.names) this.forgetUnwatched(one);
    }
  }

  get wildcard(): boolean {
    return this.watches.hasWildcard;
  }
  /** The names that somebody asks for. */
  get names(): Iterable<string> {
    return this.watches.names;
  }
  get empty(): boolean {
    return this.watches.all.size === 0;
  }
  get all(): Iterable<Watch> {
    return this.watches.all;
  }

  /** Name and version of each resource in force: what a delta client tells a server that it meets again. */
  versions(): Record<string, string> {
    return this.inForce.versions();
  }

  /** For dumps. */
  status(): ResourceStatus[] {
    return this.inForce.status(this.watches.names);
  }

  /** A watcher waited in vain for the first of its resources. */
  timedOut(watch: Watch): void {
    if (watch.names === 'wildcard') return;
    for (const name of watch.names) if (!this.inForce.has(name)) this.inForce.miss(name);
  }

  /** Gives every fault; none accepts (ACK). */
  take(incoming: Incoming): Promise<readonly Fault[]> {
    // A fault of ours must neither go unanswered nor end the subscription.
    const taken = this.turn.then(() => this.apply(incoming)).catch(thrown);
    this.turn = taken;
    return taken;
  }

  close(): void {
    this.inForce.close();
    this.watches.clear();
  }

  private async apply(incoming: Incoming): Promise<readonly Fault[]> {
    const twice = incoming.kind === 'incremental' ? namesTwice(incoming) : [];
    if (twice.length > 0) return await this.refuseAll(incoming, { ...nothingSorted(), faults: twice });
    const sorted = this.sorter.sort(incoming);
    const { opened, present, faults, twins, blamed } = sorted;
    const bad = opened.some((resource) => resource.faults.length > 0) || faults.length > 0;
    if (bad && incoming.kind === 'full') return await this.refuseAll(incoming, sorted);
    faults.push(...twins);
    const good = opened.filter((resource) => resource.faults.length === 0);
    for (const resource of opened) if (resource.faults.length > 0) faults.push(...this.refuse(resource, incoming));
    const removed = this.removedBy(incoming, present);
    const { kind, version } = incoming;
    const found = await this.delivery.deliver({ kind, version, good, removed, present, blamed });
    for (const resource of good) {
      const wrong = found.get(resource.name) ?? [];
      if (wrong.length === 0) this.keep(resource);
      else {
        resource.faults.push(...wrong);
        faults.push(...this.refuse(resource, incoming));
      }
    }
    for (const name of removed) this.inForce.drop(name);
    for (const name of incoming.removed) this.inForce.forgetRefusal(name);
    if (faults.length === 0) this.version = incoming.version;
    return faults;
  }

  private removedBy({ kind, removed: said, resources }: Incoming, present: ReadonlyMap<string, unknown>): string[] {
    const { inForce, watches } = this;
    if (kind === 'incremental') {
      // A resource without a body that is not there to be kept alive: VHDS says so that there is none of the name.
      const empty = resources.filter(({ name, any }) => any === undefined && !inForce.has(name));
      const removed = [...said, ...empty.flatMap(({ name, aliases }) => [name, ...aliases])];
      for (const name of removed) if (watches.has(name)) inForce.miss(name);
      return removed.filter((name) => inForce.has(name) || watches.has(name));
    }
    if (!this.options.absenceRemoves) return [];
    for (const name of watches.names) if (!present.has(name)) inForce.miss(name);
    return [...inForce.names].filter((name) => !present.has(name));
  }

  /** State of the world, and something breaks the form: nothing of the response is used. What else is wrong is told as well. */
  private async refuseAll(incoming: Incoming, { opened, faults, twins }: Sorted): Promise<readonly Fault[]> {
    await this.delivery.judge(incoming, opened);
    for (const resource of opened) if (resource.faults.length > 0) faults.push(...this.refuse(resource, incoming));
    faults.push(...twins);
    return faults;
  }

  private refuse(opened: Opened, { version }: Incoming): readonly Fault[] {
    this.inForce.refuse(opened, version);
    return opened.faults;
  }

  private keep(opened: Opened): void {
    const entry = this.inForce.keep(opened);
    if (!this.watches.isWanted(entry)) this.inForce.drop(entry.name);
  }

  private expire(entry: Entry): void {
    const gone: Incoming = { kind: 'incremental', version: this.version, resources: [], removed: [entry.name] };
    this.turn = this.turn
      .then(() => (this.inForce.get(entry.name) === entry ? this.apply(gone) : undefined))
      .catch(thrown);
  }

  /** What is in force already reaches a watcher that comes later: the server has no reason to send it again. */
  private replay(watch: Watch, names: readonly string[]): void {
    if (!names.some((name) => this.inForce.under(name).length > 0)) return;
    // Watchers that come in one go do not wait for each other.
    if (this.replays.size === 0) this.turn = this.turn.then(() => this.replayAll()).catch(thrown);
    this.replays.set(watch, new Set([...(this.replays.get(watch) ?? []), ...names]));
  }

  private async replayAll(): Promise<void> {
    const { inForce, version } = this;
    const replays = [...this.replays].filter(([watch]) => this.watches.all.has(watch));
    this.replays.clear();
    const told = replays.map(async ([watch, names]) => {
      const entries = new Set([...names].flatMap((name) => inForce.under(name)));
      const added = [...entries].map((entry) => inForce.reopen(entry));
      if (added.length > 0)
        await this.delivery.tell(watch, { kind: 'incremental', version, added, removed: [] }, new Map());
    });
    await Promise.all(told);
  }

  private forgetUnwatched(name: string): void {
    for (const entry of this.inForce.under(name)) if (!this.watches.isWanted(entry)) this.inForce.drop(entry.name);
    if (!this.watches.isWanted({ name, aliases: [] })) this.inForce.forget(name);
  }
}

function thrown(error: unknown): readonly Fault[] {
  return [{ path: '', file: '', message: `cannot be taken: ${(error as Error).message}` }];
}
