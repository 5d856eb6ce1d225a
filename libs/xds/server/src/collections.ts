import { collectionOf, normalizeName } from '@weft/model-config-source';
import type { ResourceSet } from './snapshot.ts';

/** True for the name of a collection: `xdstp://authority/type/id/*`. Source: xRFC TP1, glob collections. */
function isCollection(name: string): boolean {
  return name.startsWith('xdstp://') && collectionOf(name) === normalizeName(name);
}

/** The collections that one subscription asks for: all resources that are directly in one are wanted. */
export class Collections {
  private readonly wanted = new Set<string>();
  /** Those whose members have not been looked for. */
  private fresh = new Set<string>();

  get size(): number {
    return this.wanted.size;
  }

  /** True for a resource of one of them. */
  has(name: string): boolean {
    return this.wanted.size > 0 && this.wanted.has(collectionOf(name) ?? '');
  }

  /** Takes the collections out of `names` and gives what is left. */
  add(names: readonly string[]): readonly string[] {
    for (const name of names)
      if (isCollection(name)) {
        this.wanted.add(normalizeName(name));
        this.fresh.add(normalizeName(name));
      }
    return names.filter((name) => !isCollection(name));
  }

  /** True when one of them was asked for. */
  remove(names: readonly string[]): boolean {
    let removed = false;
    for (const name of names) {
      this.fresh.delete(normalizeName(name));
      removed = this.wanted.delete(normalizeName(name)) || removed;
    }
    return removed;
  }

  /** The members of the collections that are new, and those of these that have none. */
  found(target: ResourceSet): { readonly members: readonly string[]; readonly empty: readonly string[] } {
    if (this.fresh.size === 0) return NONE;
    const { fresh } = this;
    this.fresh = new Set();
    const empty = new Set(fresh);
    const members: string[] = [];
    for (const { name } of target.values()) {
      const collection = collectionOf(name) ?? '';
      if (!fresh.has(collection)) continue;
      empty.delete(collection);
      members.push(name);
    }
    return { members, empty: [...empty] };
  }
}

const NONE = { members: [], empty: [] } as const;
