import { collectionOf, isXdstp, normalizeName } from '@weft/model-config-source';
import type { IncomingResource } from './incoming.ts';
import { namespaceOf } from './resource-name.ts';
import type { Watch } from './watch.ts';

/** Whom a resource may be for: its name, and what else it answers to. */
export type Named = Pick<IncomingResource, 'name' | 'aliases'>;

const NOBODY: ReadonlySet<Watch> = new Set();

/** Who watches the resources of one type, and by which names. */
export class WatchSet {
  private readonly typeName: string;
  /** The server was asked for the name, and does not know yet that nobody wants it any more. */
  private readonly asked: (name: string) => boolean;
  private readonly watches = new Set<Watch>();
  private readonly wildcards = new Set<Watch>();
  /** Those that are told of every response: whoever watches all, and whoever wants to know that there was nothing for it. */
  private readonly told = new Set<Watch>();
  private readonly byName = new Map<string, Set<Watch>>();

  constructor(typeName: string, asked: (name: string) => boolean) {
    this.typeName = typeName;
    this.asked = asked;
  }

  get all(): ReadonlySet<Watch> {
    return this.watches;
  }
  get always(): Iterable<Watch> {
    return this.told;
  }
  /** Somebody watches everything. */
  get hasWildcard(): boolean {
    return this.wildcards.size > 0;
  }
  /** The names that somebody asks for. */
  get names(): Iterable<string> {
    return this.byName.keys();
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  add(watch: Watch): void {
    this.watches.add(watch);
    if (watch.names === 'wildcard' || watch.always) this.told.add(watch);
    if (watch.names === 'wildcard') this.wildcards.add(watch);
    else for (const name of watch.names) this.join(name, watch);
  }

  /** Gives the names that it watched. */
  remove(watch: Watch): Iterable<string> {
    this.watches.delete(watch);
    this.wildcards.delete(watch);
    this.told.delete(watch);
    const names = watch.names === 'wildcard' ? [] : watch.names;
    for (const name of names) this.leave(name, watch);
    return names;
  }

  /** Gives the names that it watches now and did not before, and those that it no longer does. */
  setNames(watch: Watch, names: ReadonlySet<string>): { readonly fresh: string[]; readonly gone: string[] } {
    const old = watch.names === 'wildcard' ? new Set<string>() : watch.names;
    watch.names = names;
    this.wildcards.delete(watch);
    if (!watch.always) this.told.delete(watch);
    const fresh = [...names].filter((name) => !old.has(name));
    const gone = [...old].filter((name) => !names.has(name));
    for (const name of fresh) this.join(name, watch);
    for (const name of gone) this.leave(name, watch);
    return { fresh, gone };
  }

  /** Somebody watches it, or the server believes so and would not send it again to whoever asks next. */
  isWanted({ name, aliases }: Named): boolean {
    if (this.wildcards.size > 0 || this.byName.has(name)) return true;
    if (this.asked('*') || this.asked(name)) return true;
    return this.otherNames(name, aliases).some((other) => this.byName.has(other) || this.asked(other));
  }

  /** Those that watch it. */
  of({ name, aliases }: Named): ReadonlySet<Watch> {
    const direct = this.byName.get(name);
    const others = this.otherNames(name, aliases);
    if (this.wildcards.size === 0 && others.length === 0) return direct ?? NOBODY;
    const found = new Set([...this.wildcards, ...(direct ?? [])]);
    for (const other of others) for (const watch of this.byName.get(other) ?? []) found.add(watch);
    return found;
  }

  clear(): void {
    this.watches.clear();
    this.wildcards.clear();
    this.byName.clear();
  }

  /** What else a resource may have been asked for by: its aliases, the way in which its name is written, its collection. */
  private otherNames(name: string, aliases: readonly string[]): readonly string[] {
    const namespace = namespaceOf(this.typeName, name);
    if (namespace !== undefined) return [...aliases, namespace];
    if (!isXdstp(name)) return aliases;
    return [...aliases, normalizeName(name), collectionOf(name) ?? name];
  }

  private join(name: string, watch: Watch): void {
    const set = this.byName.get(name) ?? new Set();
    set.add(watch);
    this.byName.set(name, set);
  }

  private leave(name: string, watch: Watch): void {
    const set = this.byName.get(name);
    set?.delete(watch);
    if (set?.size === 0) this.byName.delete(name);
  }
}
