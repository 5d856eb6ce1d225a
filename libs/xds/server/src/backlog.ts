import { mayRemove, type Gate, type Outstanding, type Pending, type Removals } from './pending.ts';
import type { Reference } from './references.ts';
import { Refusals, type Refusal } from './refusals.ts';
import type { ResourceMap, Versioned } from './resource-map.ts';
import type { Resource } from './resource.ts';
import type { ResourceSet } from './snapshot.ts';

/** What is wanted when a refusal comes: since the response went that may have changed. */
export interface PresentWish {
  wants(name: string): boolean;
  /** It is still to be sent as it was. */
  isCurrent(resource: Resource): boolean;
  /** No part of it may be sent alone. */
  readonly isWhole: boolean;
}

/** What of one type is to be looked at for one proxy, by name: what may differ, what is owed, what was refused and what is held back. */
export class Backlog {
  readonly refusals = new Refusals();
  /** What is kept from the proxy, and what it lacks for each. */
  readonly held = new Map<string, readonly Reference[]>();
  /** What the proxy may have, or have no more, instead of what it acknowledged: of responses that it refused. */
  readonly unsure = new Map<string, readonly Resource[]>();
  private readonly gate: Gate;
  /** Names whose state here and there may differ. */
  private readonly dirty = new Set<string>();
  /** Names to be sent even when nothing changed, or said to be absent. */
  private readonly forced = new Set<string>();

  constructor(gate: Gate) {
    this.gate = gate;
  }

  get isEmpty(): boolean {
    return this.dirty.size === 0 && this.forced.size === 0;
  }

  /** Nothing is refused, and what the proxy has is known. */
  get isSure(): boolean {
    return this.refusals.isEmpty && this.unsure.size === 0;
  }

  get names(): Iterable<string> {
    return this.dirty;
  }

  /** The proxy lacks something that others may name: each is looked at on its own. */
  get isGuarded(): boolean {
    return this.gate.closed;
  }

  mark(name: string): void {
    this.dirty.add(name);
  }

  force(name: string): void {
    this.dirty.add(name);
    this.forced.add(name);
  }

  /** It goes only if something changed. */
  relax(name: string): void {
    this.forced.delete(name);
  }

  clean(name: string): void {
    this.dirty.delete(name);
    this.forced.delete(name);
  }

  /** The proxy does not want it any more. */
  forget(name: string): void {
    this.clean(name);
    this.settle(name);
  }

  /** It is to have another content, of which nothing was refused. */
  renew(name: string): void {
    this.dirty.add(name);
    this.refusals.delete(name);
  }

  onSent({ changed, removed, group }: Outstanding): void {
    if (group !== undefined && group === this.refusals.group) this.refusals.next();
    if (this.isEmpty && !this.gate.closed) return;
    for (const { name, partOf } of changed) {
      this.clean(name);
      // The rest of it is still owed.
      if (partOf !== undefined) this.mark(name);
    }
    for (const name of removed) this.clean(name);
  }

  onAccepted({ changed, removed }: Outstanding): void {
    for (const { name } of this.isSure ? [] : changed) this.settle(name);
    for (const name of this.isSure ? [] : removed) this.settle(name);
  }

  onRefused({ changed: sent, removed }: Outstanding, refusal: Refusal, wish: PresentWish): void {
    const changed = sent.filter(({ name }) => wish.wants(name));
    const alone = sent.length === 1;
    // Where parts may not go everything goes with the next response, and settles it.
    if (!wish.isWhole) this.doubt(changed, { removed, alone });
    if (sent.length === 0) return this.refusals.add(removed, refusal, true);
    const names = changed.filter((one) => wish.isCurrent(one)).map(({ name }) => name);
    if (names.length > 0) this.refusals.add(names, refusal, alone || wish.isWhole);
    for (const name of names) this.dirty.delete(name);
    for (const name of removed) this.dirty.add(name);
  }

  /** What differs from `known`, but for what is under suspicion or held back. */
  differences(
    target: ResourceSet,
    known: ResourceMap<Versioned>,
    removals: Removals,
  ): { readonly changed: Resource[]; readonly removed: string[] } {
    const changed: Resource[] = [];
    const removed: string[] = [];
    this.held.clear();
    for (const name of this.dirty) {
      if (this.refusals.suspects(name)) continue;
      const resource = target.get(name);
      const had = known.get(name);
      const forced = this.forced.has(name);
      const unsure = this.unsure.has(name);
      if (resource !== undefined && (forced || unsure || had?.version !== resource.version)) {
        const sent = this.sendable(resource, had, forced || unsure);
        if (sent !== undefined) changed.push(sent);
      } else if (resource !== undefined) this.dirty.delete(name);
      else if (had === undefined && !unsure ? forced : mayRemove(removals, name)) removed.push(name);
      else if (had === undefined && !unsure) this.dirty.delete(name);
    }
    return { changed, removed };
  }

  /** The next part of a refused response. */
  nextGroup(target: ResourceSet, known: ResourceMap<Versioned>): Pending | undefined {
    for (let { group } = this.refusals; group !== undefined; { group } = this.refusals) {
      const changed: Resource[] = [];
      const done: string[] = [];
      for (const name of group) {
        const resource = target.get(name);
        const had = known.get(name);
        if (resource === undefined || (had?.version === resource.version && !this.unsure.has(name))) done.push(name);
        else {
          const sent = this.sendable(resource, had, true);
          if (sent === undefined) this.dirty.add(name);
          else changed.push(sent);
        }
      }
      if (changed.length > 0) return { changed, removed: [], group };
      this.refusals.next();
      for (const name of done) this.refusals.delete(name);
    }
    return undefined;
  }

  private settle(name: string): void {
    this.refusals.delete(name);
    this.unsure.delete(name);
  }

  /** A proxy may use the rest of what it refuses. Of one resource that is refused by itself it has nothing. */
  private doubt(
    changed: readonly Resource[],
    { removed, alone }: { removed: readonly string[]; alone: boolean },
  ): void {
    for (const one of changed) {
      const others = (this.unsure.get(one.name) ?? []).filter(({ version }) => version !== one.version);
      if (!alone) this.unsure.set(one.name, [...others, one]);
      else if (this.unsure.has(one.name)) this.unsure.set(one.name, others);
    }
    for (const name of removed) this.unsure.set(name, this.unsure.get(name) ?? []);
  }

  /** The resource, or what of it the proxy may have; undefined: nothing that it does not have. What it has it may have again. */
  private sendable(resource: Resource, had: Versioned | undefined, again: boolean): Resource | undefined {
    if (!this.gate.closed || had?.version === resource.version) return resource;
    const lacking = this.gate.lacks(resource);
    if (lacking.length === 0) return resource;
    this.held.set(resource.name, lacking);
    const part = this.gate.part(resource, had);
    return again || part?.version !== had?.version ? part : undefined;
  }
}
