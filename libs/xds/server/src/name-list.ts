import { hash } from 'node:crypto';

/**
 * The names of one request. A thousand proxies that ask for the same ten thousand names share one list, and with it all that
 * is worked out for it.
 */
export class NameList {
  readonly names: readonly string[];
  /** As they were sent: fields of a request, one after another. Empty where they came otherwise. */
  readonly octets: Uint8Array;
  private asSet: NameSet | undefined;

  constructor(names: readonly string[], octets: Uint8Array = NO_OCTETS) {
    this.names = names;
    this.octets = octets;
  }

  get set(): NameSet {
    this.asSet ??= new NameSet(new Set(this.names));
    return this.asSet;
  }
}

const NO_OCTETS = new Uint8Array(0);

/** An immutable set of names. Who comes to the same set the same way shares it. */
export class NameSet implements Iterable<string> {
  private readonly names: ReadonlySet<string>;
  private added: { readonly list: NameList; readonly next: WeakRef<NameSet>; readonly isFresh: boolean } | undefined;
  private removed: { readonly key: string; readonly next: WeakRef<NameSet> } | undefined;
  private found: { readonly names: readonly string[]; readonly found: readonly string[] } | undefined;
  private compared: { readonly other: WeakRef<NameSet>; readonly names: readonly string[] } | undefined;

  constructor(names: ReadonlySet<string>) {
    this.names = names;
  }

  get size(): number {
    return this.names.size;
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  [Symbol.iterator](): Iterator<string> {
    return this.names.values();
  }

  /** With all of `list`. `isFresh`: none of them was there. */
  plus(list: NameList): { readonly next: NameSet; readonly isFresh: boolean } {
    if (list.names.length === 0) return { next: this, isFresh: true };
    if (this.size === 0) return { next: list.set, isFresh: true };
    const known = this.added?.list === list ? this.added.next.deref() : undefined;
    if (this.added !== undefined && known !== undefined) return { next: known, isFresh: this.added.isFresh };
    const isFresh = !list.names.some((name) => this.names.has(name));
    const next = new NameSet(new Set([...this.names, ...list.names]));
    this.added = { list, next: new WeakRef(next), isFresh };
    return { next, isFresh };
  }

  minus(names: readonly string[]): NameSet {
    const present = names.filter((name) => this.names.has(name));
    if (present.length === 0) return this;
    const key = present.join('\0');
    const known = this.removed?.key === key ? this.removed.next.deref() : undefined;
    if (known !== undefined) return known;
    const left = new Set(this.names);
    for (const name of present) left.delete(name);
    const next = new NameSet(left);
    this.removed = { key, next: new WeakRef(next) };
    return next;
  }

  /** Those of `names` that are in it. */
  among(names: readonly string[]): readonly string[] {
    if (names.length === 0) return names;
    if (this.found?.names === names) return this.found.found;
    const found = names.filter((name) => this.names.has(name));
    this.found = { names, found };
    return found;
  }

  /** Those that `other` lacks. */
  without(other: NameSet): readonly string[] {
    if (other === this) return [];
    if (this.compared?.other.deref() === other) return this.compared.names;
    const names = other.size === 0 ? [...this.names] : [...this.names].filter((name) => !other.has(name));
    this.compared = { other: new WeakRef(other), names };
    return names;
  }
}

export const NO_NAMES = new NameList([]);

/** Lists by what was sent, for as long as somebody has them. */
export class NamePool {
  private readonly lists = new Map<string, WeakRef<NameList>>();
  private readonly gone = new FinalizationRegistry<string>((digest) => {
    if (this.lists.get(digest)?.deref() === undefined) this.lists.delete(digest);
  });

  /** The list of these octets; `read` gives its names where nobody sent it before. */
  find(octets: Uint8Array, read: () => readonly string[]): NameList {
    const digest = hash('sha1', octets, 'base64');
    let list = this.lists.get(digest)?.deref();
    if (list === undefined) {
      list = new NameList(read(), new Uint8Array(octets));
      this.lists.set(digest, new WeakRef(list));
      this.gone.register(list, digest);
    }
    return list;
  }
}
