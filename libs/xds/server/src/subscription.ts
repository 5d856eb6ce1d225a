import { Asked } from './asked.ts';
import { Backlog } from './backlog.ts';
import { Collections } from './collections.ts';
import type { Interest, NonceOutcome } from './interest.ts';
import { NameList, NO_NAMES, type NameSet } from './name-list.ts';
import { OPEN_GATE, type Gate, type Outstanding, type Pending, type Removals } from './pending.ts';
import { portionsNamed } from './portion.ts';
import type { Reference } from './references.ts';
import type { Refusal } from './refusals.ts';
import { ResourceMap, type Versioned } from './resource-map.ts';
import type { Resource } from './resource.ts';
import type { ResourceSet } from './snapshot.ts';
import { isFullStateType, TYPE_URL } from './type-urls.ts';

const NOTHING: ResourceMap<Versioned> = ResourceMap.empty<Versioned>();
const WILDCARD = '*';

/**
 * One proxy's subscription to one type, the same for state of the world and delta: what it wants, what it has, and what it lacks.
 *
 *     idle -- sent --> outstanding -- ACK --> idle
 *                           `-- NACK --> refused, in parts -- the next change, or a new name --> idle
 *
 * While a response is outstanding nothing is sent; what changes meanwhile is marked, not queued, and only its newest state goes out.
 */
export class Subscription {
  readonly typeUrl: string;
  wildcard = false;
  /** Those asked for by name. */
  names: NameSet = NO_NAMES.set;
  /** State of the world: the names of the last request that counted, as it had them. */
  wanted = NO_NAMES;
  outstanding: Outstanding | undefined;
  /** The last response that was acknowledged. */
  acknowledged: { readonly version: string; readonly atMs: number } | undefined;
  lastSent: { readonly nonce: string; readonly version: string; readonly atMs: number } | undefined;
  /** The next request that only repeats itself is answered: the proxy builds something anew and waits for it. */
  answerRepeat = false;
  /** How many octets of resources one response may carry, about. */
  readonly limit: number;
  /** Delta: those asked for by a name that ends in an asterisk. */
  private readonly collections = new Collections();
  /** State of the world: it is a wildcard because it never named anything. */
  private silent = false;
  /** What has a TTL is to be prolonged. */
  private beating = false;
  private requests = 0;
  /** What the proxy has, as far as it acknowledged. Shared with the snapshot where the proxy has everything. */
  known = NOTHING;
  /** What it had when the outstanding response was sent. */
  private sentFrom = NOTHING;
  target: ResourceSet | undefined;
  /** State of the world: the proxy may have something from an earlier stream, and does not say what. */
  cameBack = false;
  private readonly asked = new Asked();
  private readonly backlog: Backlog;
  /** A response is owed even if it is empty. */
  private due = false;

  constructor(typeUrl: string, limit = Number.POSITIVE_INFINITY, gate: Gate = OPEN_GATE) {
    this.typeUrl = typeUrl;
    this.limit = limit;
    this.backlog = new Backlog(gate);
  }

  /** True for `name`, or for all when the subscription is a wildcard. */
  wants(name: string): boolean {
    return this.wildcard || this.names.has(name) || this.collections.has(name);
  }

  /** How many names the proxy asked for. */
  get subscribed(): number {
    return this.names.size + this.collections.size;
  }

  /** How many resources the proxy has acknowledged. */
  get knownCount(): number {
    return this.known.size;
  }

  /** The last refusal, while what was refused is wanted as it was. */
  get refusal(): Refusal | undefined {
    return this.backlog.refusals.refusal;
  }

  /** What was refused, with what was said of each. */
  get refused(): ReadonlyMap<string, Refusal> {
    return this.backlog.refusals.names;
  }

  get refusesNothing(): boolean {
    return this.backlog.refusals.isEmpty;
  }

  /** What the proxy may have instead of what it acknowledged. */
  get possible(): Iterable<Resource> {
    return [...this.backlog.unsure.values()].flat();
  }

  /** What is kept from the proxy, and what it lacks for each. */
  get held(): ReadonlyMap<string, readonly Reference[]> {
    return this.backlog.held;
  }

  /** What the proxy has is not known, and what a response lacks is gone: no part of the whole may be sent alone. */
  get isBlind(): boolean {
    return this.cameBack && this.acknowledged === undefined && isFullStateType(this.typeUrl);
  }

  /** The proxy has it, as far as it acknowledged. */
  has(name: string): boolean {
    return this.known.has(name);
  }

  /** What is wanted from now on. */
  aim(target: ResourceSet): void {
    const before = this.target;
    this.target = target;
    if (before === undefined) {
      if (this.wildcard && !this.asked.forEverything) this.markAll();
      for (const { name } of this.known.values()) this.backlog.mark(name);
      return;
    }
    if (before === target) return;
    // What was found is of the target before.
    this.spread();
    let changed = false;
    for (const name of target.differing(before)) {
      if (!this.wants(name)) continue;
      this.backlog.renew(name);
      changed = true;
    }
    if (changed) this.retryRefused();
  }

  /** A request came. Its names count even when its nonce is stale, in delta; in state of the world such a request is ignored. */
  request(nonce: string, error: string | undefined, interest: Interest, nowMs: number): NonceOutcome {
    const first = this.requests === 0;
    this.requests += 1;
    if (first && interest.kind === 'whole') this.cameBack = interest.version !== '';
    const outcome = first ? 'none' : this.answered(nonce, error, nowMs);
    if (outcome === 'stale' && interest.kind !== 'change') return outcome;
    if (interest.kind === 'change') this.changeNames(interest, first);
    else if (!first && interest.wanted === this.wanted) this.repeated(outcome);
    else this.replaceNames(interest.wanted, first, outcome);
    return outcome;
  }

  /** These are sent again although nothing changed, if they are wanted. */
  force(names: readonly string[]): void {
    const some = this.collections.size > 0 ? names.filter((name) => this.wants(name)) : undefined;
    for (const name of this.wildcard ? names : (some ?? this.names.among(names))) this.backlog.force(name);
  }

  /** Names that the proxy asked for and that will be made: it is not told that they do not exist. */
  expect(names: Iterable<string>): void {
    this.spread();
    for (const name of names) if (this.target?.has(name) !== true) this.backlog.relax(name);
  }

  /** The names of a list that are not there. */
  missing(list: NameList): readonly string[] {
    const { target } = this;
    const missing = target === undefined ? list.names : portionsNamed(list, target, this.limit).missing;
    return missing.filter((name) => name !== WILDCARD);
  }

  /** What a response would carry now; undefined when none is owed. `removals`: what is stale may go. */
  pending(removals: Removals): Pending | undefined {
    const { target } = this;
    if (target === undefined || this.outstanding !== undefined || this.requests === 0) return undefined;
    if (this.backlog.isGuarded) this.spread();
    else this.force(this.asked.find(target, this.limit));
    this.findMembers(target);
    const { portion } = this.asked;
    const { changed, removed } = this.differences(target, removals);
    if (this.isBlind && this.held.size > 0) return undefined;
    if (portion !== undefined) return { changed: portion.resources, removed, portion };
    if (this.due || changed.length > 0 || removed.length > 0) return { changed, removed };
    const part = this.backlog.nextGroup(target, this.known);
    if (part !== undefined) return part;
    const heartbeats = this.beating ? this.living() : [];
    return heartbeats.length > 0 ? { changed, removed, heartbeats } : undefined;
  }

  /** The shortest TTL of what the proxy has or is being sent, in milliseconds; undefined: nothing has one. */
  get shortestTtlMs(): number | undefined {
    const all = [...(this.outstanding?.changed ?? []), ...this.living()];
    return all.reduce<number | undefined>(
      (shortest, { ttlMs }) => (ttlMs === undefined ? shortest : Math.min(ttlMs, shortest ?? ttlMs)),
      undefined,
    );
  }

  /** What has a TTL is prolonged with the next response. */
  beat(): void {
    this.beating = true;
  }

  /** Everything that the proxy has once it takes `pending`: what a response of a full-state type carries. */
  after({ changed, removed, portion }: Pending): ResourceMap<Versioned> {
    const { known } = this;
    const target: ResourceMap<Versioned> = this.target ?? known;
    if (portion !== undefined && removed.length === 0) return portion.after(known, target);
    return known.leadsTo(target, changed, removed) ? target : known.with(changed, removed);
  }

  /** `sent` is on its way. */
  sent(sent: Outstanding): void {
    this.outstanding = sent;
    this.sentFrom = this.known;
    this.lastSent = { nonce: sent.nonce, version: sent.version, atMs: sent.sentMs };
    this.due = false;
    this.beating = false;
    this.answerRepeat = false;
    this.asked.onSent(sent.portion);
    this.backlog.onSent(sent);
  }

  /** What is gone is forgotten without a word: named resources in state of the world cannot be removed. */
  forget(removed: Iterable<string>): void {
    const names = [...removed];
    this.known = this.known.with([], names);
    for (const name of names) this.backlog.forget(name);
  }

  /** All that was refused goes once more. False: there is none, or nothing has changed since. */
  retry(): boolean {
    return this.backlog.refusals.retry();
  }

  /** Nothing is on its way or waits, but for what may not be removed yet. */
  idle(removals: Removals): boolean {
    return this.outstanding === undefined && this.pending(removals) === undefined;
  }

  /** The same, and nothing is refused or held back. */
  settled(removals: Removals): boolean {
    return this.idle(removals) && this.backlog.isSure && this.held.size === 0;
  }

  private answered(nonce: string, error: string | undefined, nowMs: number): NonceOutcome {
    if (nonce === '') return 'none';
    if (nonce !== this.lastSent?.nonce) return 'stale';
    const { outstanding } = this;
    if (outstanding === undefined) return 'none';
    this.outstanding = undefined;
    if (error !== undefined && outstanding.heartbeats !== undefined) {
      // It lived too long without one, and is gone there.
      this.force(outstanding.heartbeats.map(({ name }) => name));
      return 'refused';
    }
    if (error !== undefined) {
      const refusal = { version: outstanding.version, error, atMs: nowMs };
      this.backlog.onRefused(outstanding, refusal, {
        wants: (name) => this.wants(name),
        isCurrent: ({ name, version, partOf }) => this.target?.get(name)?.version === (partOf ?? version),
        isWhole: this.isBlind,
      });
      // What changed since is not sent alone.
      if (this.isBlind && !this.backlog.isEmpty) this.retryRefused();
      return 'refused';
    }
    this.backlog.onAccepted(outstanding);
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
    return target?.leadsTo(known as ResourceSet, []) === true ? target : known;
  }

  /** Clusters go by themselves: of what they came along with, if it is refused, nobody could say whether they went. */
  private differences(target: ResourceSet, removals: Removals): Pick<Pending, 'changed' | 'removed'> {
    const { changed, removed } = this.backlog.differences(target, this.known, removals);
    if (this.typeUrl !== TYPE_URL.cluster || !this.wildcard) return { changed, removed };
    const isAlone = changed.length === 0 && this.asked.portion === undefined;
    return { changed, removed: isAlone ? removed : removed.filter((name) => !this.known.has(name)) };
  }

  /** Everything that was asked for goes by name from here on, since some of it is to be looked at on its own. */
  private spread(): void {
    const { everything, lists, found } = this.asked.spread();
    if (everything) this.markAll();
    for (const { names } of lists) this.force(names);
    for (const name of found) if (this.wants(name)) this.backlog.mark(name);
  }

  /** What has a TTL and is as the proxy has it. */
  private living(): readonly Resource[] {
    const { target } = this;
    if (target === undefined) return [];
    return [...this.known.values()].flatMap(({ name, version }) => {
      const resource = target.get(name);
      return resource?.ttlMs !== undefined && resource.version === version ? [resource] : [];
    });
  }

  /** A collection that is new is sent whole, but for what the proxy has from an earlier stream; one without members is absent. */
  private findMembers(target: ResourceSet): void {
    const { members, empty } = this.collections.found(target);
    for (const name of [...members, ...empty]) {
      if (this.requests > 1 || !this.known.has(name)) this.backlog.force(name);
      else this.backlog.mark(name);
    }
  }

  private replaceNames(wanted: NameList, first: boolean, outcome: NonceOutcome): void {
    this.wanted = wanted;
    // By saying nothing it is a wildcard only for as long as it never said anything: later that means nothing.
    this.silent = wanted.names.length === 0 && (first ? isFullStateType(this.typeUrl) : this.silent);
    const wasWildcard = this.wildcard;
    const wildcard = wanted.set.has(WILDCARD) || this.silent;
    const before = this.names;
    const after = wanted.set.minus([WILDCARD]);
    const [added, dropped] = [after.without(before), before.without(after)];
    const changed = wildcard !== wasWildcard || added.length > 0 || dropped.length > 0;
    this.wildcard = wildcard;
    this.names = after;
    this.drop(dropped);
    if (added.length > 0) this.ask(before.size === 0 ? wanted : new NameList(added));
    if (first || (changed && isFullStateType(this.typeUrl))) this.due ||= isFullStateType(this.typeUrl);
    if (wildcard && !wasWildcard) this.askForEverything();
    else if (wasWildcard && !wildcard) this.forgetUnwanted();
    else if (!changed) this.repeated(outcome);
  }

  private repeated(outcome: NonceOutcome): void {
    if (outcome === 'none' && this.answerRepeat) this.force([...this.names]);
  }

  private changeNames({ add, remove, has }: Extract<Interest, { kind: 'change' }>, first: boolean): void {
    const held = first ? Object.entries(has) : [];
    if (held.length > 0)
      this.known = ResourceMap.of(held.map(([name, version]): Versioned => ({ name, version, hash: hashOf(version) })));
    if (first && add.names.length === 0 && isFullStateType(this.typeUrl)) this.becomeWildcard();
    // The first request for virtual hosts names none, and whoever makes it may wait for the answer.
    if (first && add.names.length === 0 && this.typeUrl === TYPE_URL.virtualHost) this.due = true;
    if (remove.includes(WILDCARD)) {
      this.wildcard = false;
      this.forgetUnwanted();
    }
    if (this.collections.remove(remove)) this.forgetUnwanted();
    this.unsubscribe(remove.filter((name) => name !== WILDCARD));
    if (add.set.has(WILDCARD)) this.becomeWildcard();
    const single = this.collections.add(add.names).filter((name) => name !== WILDCARD);
    const named = single.length === add.names.length ? add : new NameList(single);
    const { next, isFresh } = this.names.plus(named);
    this.names = next;
    if (named.names.length > 0) this.ask(named, isFresh);
    for (const [name] of held) {
      // What it has from an earlier stream is not sent again, unless it changed; a later subscription always is.
      this.backlog.relax(name);
      this.backlog.mark(name);
    }
  }

  /** These are wanted from now on. `isFresh`: none of them was before. */
  private ask(list: NameList, isFresh = true): void {
    this.retryRefused();
    if (isFresh && !this.wildcard && this.known.size === 0) this.asked.add(list);
    else if (isFresh && !this.wildcard && !list.names.some((name) => this.known.has(name))) this.asked.add(list);
    else this.force(list.names);
  }

  private becomeWildcard(): void {
    if (!this.wildcard) this.due = true;
    this.wildcard = true;
    this.askForEverything();
  }

  private askForEverything(): void {
    const isNew = this.known.size === 0 && this.outstanding === undefined && this.names.size === 0;
    if (isNew && this.backlog.isEmpty && this.asked.portion === undefined) this.asked.everything();
    else {
      this.spread();
      this.markAll();
    }
  }

  private unsubscribe(names: readonly string[]): void {
    this.names = this.names.minus(names);
    this.drop(names);
    // Under a wildcard they stay wanted, and the proxy, which has dropped them, is told how they are.
    if (this.wildcard) this.force(names);
    else if (this.collections.size > 0) this.force(names.filter((name) => this.wants(name)));
  }

  private drop(names: readonly string[]): void {
    if (names.length === 0) return;
    this.spread();
    for (const name of names) this.backlog.forget(name);
    this.known = this.known.with([], names);
  }

  private forgetUnwanted(): void {
    this.spread();
    const unwanted = [...this.known.values()].map(({ name }) => name).filter((name) => !this.wants(name));
    this.known = this.known.with([], unwanted);
    for (const name of [...this.backlog.names, ...this.refused.keys(), ...this.backlog.unsure.keys()])
      if (!this.wants(name)) this.backlog.forget(name);
  }

  private markAll(): void {
    for (const name of this.names) this.backlog.mark(name);
    if (!this.wildcard) return;
    for (const { name } of this.target?.values() ?? []) this.backlog.mark(name);
    for (const { name } of this.known.values()) this.backlog.mark(name);
  }

  private retryRefused(): void {
    const { refusals } = this.backlog;
    if (this.isBlind) for (const name of refusals.take()) this.backlog.mark(name);
    else refusals.onChange();
  }
}

/** Versions of ours are the content hash; others' only need to be told apart. */
function hashOf(version: string): readonly [number, number] {
  return [Number.parseInt(version.slice(0, 8), 16) >>> 0, Number.parseInt(version.slice(8, 16), 16) >>> 0];
}
