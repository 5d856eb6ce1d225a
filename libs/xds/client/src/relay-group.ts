import { formatFault } from '@weft/api-envoy';
import {
  packUpdate,
  type RelayDownstream,
  type RelayedOutcome,
  type RelayedResource,
  type RelayedUpdate,
  type RelayedWish,
} from './relay-messages.ts';
import type { ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';

/** One subscription of one thread. */
export interface RelayMember {
  readonly id: number;
  readonly thread: RelayDownstream;
}

const NOTHING_WRONG: RelayedOutcome = { faults: [], warnings: [], thrown: undefined };

/**
 * The same subscription of several threads: one watcher, whose answer is that of all of them. What one refuses is refused;
 * whoever joins late is given what is in force.
 */
export class RelayGroup implements ResourceWatcher {
  readonly needsResource: boolean;
  private readonly named: boolean;
  private readonly joined = new Set<RelayMember>();
  /** Those that have what is in force, and hear of what comes. */
  private readonly current = new Set<RelayMember>();
  private readonly inForce = new Map<string, RelayedResource>();
  /** Names of which the server said that there is nothing. */
  private readonly missing = new Set<string>();
  private subscription: Subscription | undefined;
  private version = '';
  /** An update was told, be it of nothing. */
  private answered = false;
  private settled = false;
  /** What is under way; what comes next waits for it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor({ needsResource, names }: RelayedWish) {
    this.needsResource = needsResource;
    this.named = names !== 'wildcard';
  }

  get started(): boolean {
    return this.subscription !== undefined;
  }
  get empty(): boolean {
    return this.joined.size === 0;
  }
  get threads(): number {
    return new Set([...this.joined].map(({ thread }) => thread)).size;
  }

  start(subscription: Subscription): void {
    this.subscription = subscription;
    void subscription.start().then(() => {
      this.settled = true;
      for (const { id, thread } of this.current) thread.resourcesSettled(id);
    });
  }

  join(member: RelayMember): void {
    this.joined.add(member);
    if (this.started) void this.inTurn(() => this.catchUp(member));
    else this.current.add(member);
  }

  /** Of a group that is one member's alone: others would not want the same. */
  rename(names: readonly string[]): void {
    this.subscription?.setNames?.(names);
  }

  askAgain(names: readonly string[]): void {
    this.subscription?.askAgain?.(names);
  }

  leave(member: RelayMember): void {
    this.joined.delete(member);
    this.current.delete(member);
  }

  close(): void {
    this.subscription?.close();
    this.joined.clear();
    this.current.clear();
  }

  async onUpdate(update: ResourceUpdate): Promise<void> {
    const packed = packUpdate(update, update.added);
    const outcomes = await this.inTurn(() => this.ask((member) => member.thread.takeResources(member.id, packed)));
    const refused = this.tell(update, outcomes);
    this.answered = true;
    this.version = update.version;
    if (refused !== undefined) throw new Error(refused);
    for (const { name, version, octets, cx } of update.added) {
      this.missing.delete(name);
      if (cx.faults.length === 0) this.inForce.set(name, { name, version, octets });
    }
    for (const name of update.removed) {
      this.inForce.delete(name);
      if (this.named) this.missing.add(name);
    }
  }

  async judge(update: ResourceUpdate): Promise<void> {
    const packed = packUpdate(update, update.added);
    this.tell(update, await this.ask((member) => member.thread.judgeResources(member.id, packed)));
  }

  onFetchTimeout(): void {
    for (const { id, thread } of this.current) thread.resourcesLate(id);
  }

  private async catchUp(member: RelayMember): Promise<void> {
    if (!this.joined.has(member)) return;
    const { id, thread } = member;
    if (this.answered) await this.answerOf(member, (of) => of.thread.takeResources(id, this.stateOfForce()));
    else if (this.settled) thread.resourcesLate(id);
    if (this.settled) thread.resourcesSettled(id);
    if (this.joined.has(member)) this.current.add(member);
  }

  private stateOfForce(): RelayedUpdate {
    const { version, missing } = this;
    return packUpdate({ kind: 'incremental', version, removed: [...missing] }, [...this.inForce.values()]);
  }

  private ask(task: (member: RelayMember) => Promise<RelayedOutcome>): Promise<RelayedOutcome[]> {
    return Promise.all([...this.current].map((member) => this.answerOf(member, task)));
  }

  /** A thread that ended has no say. */
  private async answerOf(
    member: RelayMember,
    task: (member: RelayMember) => Promise<RelayedOutcome>,
  ): Promise<RelayedOutcome> {
    try {
      const outcome = await task(member);
      return this.joined.has(member) ? outcome : NOTHING_WRONG;
    } catch (error) {
      return this.joined.has(member) ? { ...NOTHING_WRONG, thrown: (error as Error).message } : NOTHING_WRONG;
    }
  }

  /** Reports what all of them found, each thing once. Gives what they threw. */
  private tell({ added }: ResourceUpdate, outcomes: readonly RelayedOutcome[]): string | undefined {
    const told = new Set<string>();
    const once = (kind: 'fault' | 'warning', { faults, warnings }: RelayedOutcome): void => {
      for (const { at, fault } of kind === 'fault' ? faults : warnings) {
        const key = `${kind} ${at} ${formatFault(fault)}`;
        if (!told.has(key)) added[at]?.cx.adopt(fault, kind);
        told.add(key);
      }
    };
    for (const outcome of outcomes) {
      once('fault', outcome);
      once('warning', outcome);
    }
    const thrown = new Set(outcomes.flatMap((outcome) => outcome.thrown ?? []));
    return thrown.size === 0 ? undefined : [...thrown].join('; ');
  }

  private inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.turn.then(task);
    this.turn = done.catch(() => undefined);
    return done;
  }
}
