import { openStateFolder, readState, replaceState, SECRET } from '@weft/control-ca';
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** So many new texts at once are put into bundles: a file for each would be a wait for the disk each. */
const BUNDLE_FROM = 64;
const BUNDLE_TEXTS = 500;
const BUNDLE_FILE = /^bundle-.*\.json$/;

/** Texts by their hash, in a folder for its owner alone: each in a file of its own, or with others in a bundle. */
export class TextStore {
  private readonly folder: string;
  /** The bundle of a hash; `''`: it has a file of its own. */
  private readonly places = new Map<string, string>();

  /** Throws with a sentence when the folder cannot be used. */
  constructor(folder: string) {
    this.folder = folder;
    openStateFolder(folder);
    for (const name of readdirSync(folder))
      if (BUNDLE_FILE.test(name)) for (const hash of Object.keys(this.bundle(name))) this.places.set(hash, name);
      else if (!name.startsWith('.')) this.places.set(name, '');
  }

  get(hash: string): string | undefined {
    const bundle = this.places.get(hash);
    if (bundle === undefined) return undefined;
    return bundle === '' ? readState(join(this.folder, hash)) : this.bundle(bundle)[hash];
  }

  /** All of these at once: a bundle is read once. */
  getAll(hashes: Iterable<string>): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    const bundles = new Map<string, Readonly<Record<string, string>>>();
    for (const hash of hashes) {
      const name = this.places.get(hash) ?? '';
      if (name !== '' && !bundles.has(name)) bundles.set(name, this.bundle(name));
      const text = name === '' ? this.get(hash) : bundles.get(name)?.[hash];
      if (text !== undefined) found.set(hash, text);
    }
    return found;
  }

  /** Stores what is new of `texts` (by hash), some at each step. */
  *put(texts: ReadonlyMap<string, string>): Generator<undefined, void> {
    const fresh = [...texts].filter(([hash]) => !this.places.has(hash));
    if (fresh.length < BUNDLE_FROM) {
      for (const [hash, text] of fresh) {
        replaceState(join(this.folder, hash), text, SECRET);
        this.places.set(hash, '');
        yield;
      }
      return;
    }
    for (let at = 0; at < fresh.length; at += BUNDLE_TEXTS) {
      const part = fresh.slice(at, at + BUNDLE_TEXTS);
      const name = `bundle-${hashOf(part.map(([hash]) => hash).join())}.json`;
      replaceState(join(this.folder, name), JSON.stringify(Object.fromEntries(part)), SECRET);
      for (const [hash] of part) this.places.set(hash, name);
      yield;
    }
  }

  /** Files of which nothing is used are removed. */
  keepOnly(used: ReadonlySet<string>): void {
    const needed = new Set([...this.places].filter(([hash]) => used.has(hash)).map(([, name]) => name));
    for (const [hash, name] of this.places) {
      if (used.has(hash) || (name !== '' && needed.has(name))) continue;
      rmSync(join(this.folder, name === '' ? hash : name), { force: true });
      this.places.delete(hash);
    }
  }

  private bundle(name: string): Readonly<Record<string, string>> {
    try {
      return JSON.parse(readState(join(this.folder, name)) ?? '{}') as Readonly<Record<string, string>>;
    } catch {
      // Damaged: its texts are lost, others are not.
      return {};
    }
  }
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
