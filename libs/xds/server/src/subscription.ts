import { ResourceMap, type Versioned } from './resource-map.ts';
import type { Resource } from './resource.ts';
import type { ResourceSet } from './snapshot.ts';
import { isFullStateType } from './type-urls.ts';

/** What a request says of the resources that the proxy wants: all of it (state of the world), or what changed (delta). */
export type Interest =
  | { readonly kind: 'whole'; readonly names: readonly string[] }
  /** State of the world: the same names as before. */
  | { readonly kind: 'same' }
  | {
      readonly kind: 'change';
      readonly add: readonly string[];
      readonly remove: readonly string[];
      /** Versions that the proxy has from an earlier stream, by name. */
      readonly has: Readonly<Record<string, string>>;
    };

/** What the next response would carry. */
export interface Pending {
  readonly changed: readonly Resource[];
  readonly removed: readonly string[];
}

/** A response that is on its way: sent, not yet answered. */
export interface Outstanding extends Pending {
  readonly nonce: string;
  readonly version: string;
  readonly sentMs: number;
  /** What the proxy has when it takes the response. */
  readonly after: ResourceMap<Versioned>;
}

/** What came of a nonce in a request. */
export type NonceOutcome = 'none' | 'stale' | 'acknowledged' | 'refused';

const NOTHING: ResourceMap<Versioned> = ResourceMap.empty<Versioned>();
const WILDCARD = '*';

/**
 * One proxy's subscription to one type, the same for state of the world and delta: what it wants, what it has, and what it lacks.
 *
 *     idle -- sent --> outstanding -- ACK --> idle
 *                           `-- NACK --> refused -- the next change, or a new name --> idle
 *
 * While a response is outstanding nothing is sent; what changes meanwhile is marked, not queued, and only its newest state goes out.
 */
export class Subscription {
  readonly typeUrl: string;
  wildcard = false;
  /** Those asked for by name. */
  readonly names = new Set<string>();
  outstanding: Outstanding | undefined;
  /** The last response that was acknowledged. */
  acknowledged: { readonly version: string; readonly atMs: number } | undefined;
  /** The last refusal, until an acknowledgement. */
  refusal: { readonly version: string; readonly error: string; readonly atMs: number } | undefined;
  lastSent: { readonly nonce: string; readonly version: string; readonly atMs: number } | undefined;
  /** The next request that only repeats itself is answered: the proxy builds something anew and waits for it. */
  answerRepeat = false;
  /** Of the names of the last request that counted. */
  namesDigest: string | undefined;
  private requests = 0;
  /** What the proxy has, as far as it acknowledged. Shared with the snapshot where the proxy has everything. */
  private known = NOTHING;
  /** What it had when the outstanding response was sent. */
  private sentFrom = NOTHING;
  private target: ResourceSet | undefined;
  /** Names whose state here and there may differ. */
  private readonly dirty = new Set<string>();
  /** Names to be sent even when nothing changed, or said to be absent. */
  private readonly forced = new Set<string>();
  /** Names of refused responses: they go again, but only with the next change. */
  private readonly refused = new Set<string>();
  /** A response is owed even if it is empty. */
  private due = false;

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  /** True for `name`, or for all when the subscription is a wildcard. */
  wants(name: string): boolean {
    return this.wildcard || this.names.has(name);
  }

  /** How many resources the proxy has acknowledged. */
  get knownCount(): number {
    return this.known.size;
  }

  /** The names that the proxy has, with their versions. */
  held(): Iterable<Versioned> {
    return this.known.values();
  }

  has(name: string): boolean {
    return this.known.has(name);
  }

  /** What is wanted from now on. */
  aim(target: ResourceSet): void {
    const before = this.target;
    this.target = target;
    if (before === undefined) {
      this.markAll();
      return;
    }
    let changed = false;
    for (const name of target.differing(before)) {
      if (!this.wants(name)) continue;
      this.dirty.add(name);
      changed = true;
    }
    if (changed) this.retryRefused();
  }

  /** A request came. Its names count even when its nonce is stale, in delta; in state of the world such a request is ignored (B32). */
  request(nonce: string, error: string | undefined, interest: Interest, nowMs: number): NonceOutcome {
    const first = this.requests === 0;
    this.requests += 1;
    const outcome = first ? 'none' : this.answered(nonce, error, nowMs);
    if (outcome === 'stale' && interest.kind !== 'change') return outcome;
    if (interest.kind === 'same') this.repeated(outcome);
    else if (interest.kind === 'whole') this.replaceNames(interest.names, first, outcome);
    else this.changeNames(interest, first);
    return outcome;
  }

  /** These are sent again although nothing changed, if they are wanted. */
  force(names: Iterable<string>): void {
    for (const name of names) {
      if (!this.wants(name)) continue;
      this.dirty.add(name);
      this.forced.add(name);
    }
  }

  /** Names that the proxy asked for and that will be made: it is not told that they do not exist. */
  expect(names: Iterable<string>): void {
    for (const name of names) if (this.target?.has(name) !== true) this.forced.delete(name);
  }

  /** The wanted names that are not there. */
  missing(names: Iterable<string>): readonly string[] {
    return [...names].filter((name) => name !== WILDCARD && this.target?.has(name) !== true);
  }

  /** What a response would carry now; undefined when none is owed. `removals`: what is stale may go. */
  pending(removals: boolean): Pending | undefined {
    const { target } = this;
    if (target === undefined || this.outstanding !== undefined || this.requests === 0) return undefined;
    const changed: Resource[] = [];
    const removed: string[] = [];
    for (const name of this.dirty) {
      const resource = target.get(name);
      const known = this.known.get(name);
      const forced = this.forced.has(name);
      if (resource !== undefined && (forced || known?.version !== resource.version)) changed.push(resource);
      else if (resource === undefined && ((known !== undefined && removals) || (known === undefined && forced)))
        removed.push(name);
      else if (resource !== undefined || known === undefined) this.dirty.delete(name);
    }
    return this.due || changed.length > 0 || removed.length > 0 ? { changed, removed } : undefined;
  }

  /** Everything that the proxy has once it takes `pending`: what a response of a full-state type carries. */
  after({ changed, removed }: Pending): ResourceMap<Versioned> {
    const { known, target } = this;
    if (known.size === 0 && target !== undefined && changed.length === target.size) return target;
    return this.shared(known.with(changed, removed));
  }

  /** `sent` is on its way. */
  sent(sent: Outstanding): void {
    this.outstanding = sent;
    this.sentFrom = this.known;
    this.lastSent = { nonce: sent.nonce, version: sent.version, atMs: sent.sentMs };
    this.due = false;
    this.answerRepeat = false;
    for (const { name } of sent.changed) this.clean(name);
    for (const name of sent.removed) this.clean(name);
  }

  /** What is gone is forgotten without a word: named resources in state of the world cannot be removed. */
  forget(removed: Iterable<string>): void {
    const names = [...removed];
    this.known = this.known.with([], names);
    for (const name of names) this.clean(name);
  }

  /** Nothing is on its way or waits (removals aside, where they do not count), and the proxy took the last response. */
  settled(countRemovals: boolean): boolean {
    return this.outstanding === undefined && this.refusal === undefined && this.pending(countRemovals) === undefined;
  }

  private clean(name: string): void {
    this.dirty.delete(name);
    this.forced.delete(name);
  }

  private answered(nonce: string, error: string | undefined, nowMs: number): NonceOutcome {
    if (nonce === '') return 'none';
    if (nonce !== this.lastSent?.nonce) return 'stale';
    const { outstanding } = this;
    if (outstanding === undefined) return 'none';
    this.outstanding = undefined;
    if (error !== undefined) {
      this.refusal = { version: outstanding.version, error, atMs: nowMs };
      for (const { name } of outstanding.changed) this.refused.add(name);
      for (const name of outstanding.removed) this.refused.add(name);
      return 'refused';
    }
    this.refusal = undefined;
    this.acknowledged = { version: outstanding.version, atMs: nowMs };
    this.known = this.shared(this.knownNow(outstanding));
    return 'acknowledged';
  }

  /** Names may have been dropped since the response was sent. */
  private knownNow({ after, changed, removed }: Outstanding): ResourceMap<Versioned> {
    return this.known === this.sentFrom
      ? after
      : this.known.with(
          changed.filter(({ name }) => this.wants(name)),
          removed,
        );
  }

  /** A proxy that has everything shares the snapshot's own map, so that a thousand of them cost one. */
  private shared(known: ResourceMap<Versioned>): ResourceMap<Versioned> {
    const { target } = this;
    return target?.size === known.size && target.version === known.version ? target : known;
  }

  private replaceNames(names: readonly string[], first: boolean, outcome: NonceOutcome): void {
    const all = names.includes(WILDCARD) || (first && names.length === 0 && isFullStateType(this.typeUrl));
    // Once it is a wildcard by saying nothing it stays one for as long as it says nothing.
    const wildcard = all || (this.wildcard && names.length === 0 && this.names.size === 0);
    const wanted = new Set(names);
    wanted.delete(WILDCARD);
    const added = [...wanted].filter((name) => !this.names.has(name));
    const dropped = [...this.names].filter((name) => !wanted.has(name));
    const changed = wildcard !== this.wildcard || added.length > 0 || dropped.length > 0;
    this.wildcard = wildcard;
    for (const name of dropped) this.drop(name);
    for (const name of added) this.add(name);
    if (first || (changed && isFullStateType(this.typeUrl))) this.due ||= isFullStateType(this.typeUrl);
    if (first && wildcard) this.markAll();
    else if (changed && !wildcard) this.forgetUnwanted();
    else if (!changed) this.repeated(outcome);
  }

  private repeated(outcome: NonceOutcome): void {
    if (outcome === 'none' && this.answerRepeat) this.force(this.names);
  }

  private changeNames({ add, remove, has }: Extract<Interest, { kind: 'change' }>, first: boolean): void {
    if (first) {
      this.known = ResourceMap.of(
        Object.entries(has).map(([name, version]): Versioned => ({ name, version, hash: hashOf(version) })),
      );
      if (add.length === 0 && isFullStateType(this.typeUrl)) this.becomeWildcard();
    }
    for (const name of remove) {
      if (name === WILDCARD) {
        this.wildcard = false;
        this.forgetUnwanted();
      } else this.unsubscribe(name);
    }
    for (const name of add) {
      if (name === WILDCARD) this.becomeWildcard();
      else this.add(name);
      // What it has from an earlier stream is not sent again, unless it changed; a later subscription always is.
      if (first && this.known.has(name)) this.forced.delete(name);
    }
    if (first) for (const name of Object.keys(has)) this.dirty.add(name);
  }

  private becomeWildcard(): void {
    if (!this.wildcard) this.due = true;
    this.wildcard = true;
    this.markAll();
  }

  private unsubscribe(name: string): void {
    this.names.delete(name);
    this.drop(name);
    // Under a wildcard it stays wanted, and the proxy, which has dropped it, is told how it is.
    if (this.wildcard) this.force([name]);
  }

  private add(name: string): void {
    // The snapshot's own string: a thousand proxies that name a thousand endpoints would keep a million copies.
    const own = this.target?.get(name)?.name ?? name;
    this.names.add(own);
    this.force([own]);
    this.retryRefused();
  }

  private drop(name: string): void {
    this.names.delete(name);
    this.clean(name);
    this.refused.delete(name);
    if (this.known.has(name)) this.known = this.known.with([], [name]);
  }

  private forgetUnwanted(): void {
    const unwanted = [...this.known.values()].map(({ name }) => name).filter((name) => !this.wants(name));
    this.known = this.known.with([], unwanted);
    for (const name of this.dirty) if (!this.wants(name)) this.clean(name);
  }

  private markAll(): void {
    for (const name of this.names) this.dirty.add(name);
    if (!this.wildcard) return;
    for (const { name } of this.target?.values() ?? []) this.dirty.add(name);
    for (const { name } of this.known.values()) this.dirty.add(name);
  }

  private retryRefused(): void {
    for (const name of this.refused) if (this.wants(name)) this.dirty.add(name);
    this.refused.clear();
  }
}

/** Versions of ours are the content hash; others' only need to be told apart. */
function hashOf(version: string): readonly [number, number] {
  return [Number.parseInt(version.slice(0, 8), 16) >>> 0, Number.parseInt(version.slice(8, 16), 16) >>> 0];
}
