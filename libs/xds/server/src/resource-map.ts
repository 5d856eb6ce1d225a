/** Anything with a name and a content. */
export interface Versioned {
  readonly name: string;
  /** Differs when the content does. */
  readonly version: string;
  /** Two halves of a 64-bit hash over name and content; their exclusive-or over a set names the set. */
  readonly hash: readonly [high: number, low: number];
}

/** Below this many entries to a bucket on average. A change copies one bucket and the list of buckets. */
const BUCKET_ENTRIES = 16;

/**
 * An immutable map by name that shares what did not change: `with` costs the buckets that it touches, and two maps made from
 * each other are compared in the time of what differs.
 */
export class ResourceMap<T extends Versioned> {
  readonly size: number;
  private readonly buckets: readonly ReadonlyMap<string, T>[];
  private readonly high: number;
  private readonly low: number;

  private constructor(buckets: readonly ReadonlyMap<string, T>[], size: number, hash: readonly [number, number]) {
    this.buckets = buckets;
    this.size = size;
    [this.high, this.low] = hash;
  }

  static empty<T extends Versioned>(): ResourceMap<T> {
    return new ResourceMap<T>([new Map()], 0, [0, 0]);
  }

  static of<T extends Versioned>(values: Iterable<T>): ResourceMap<T> {
    return ResourceMap.empty<T>().with(values);
  }

  /** The version of the set: the same for equal contents, whatever the way that led there. 16 hexadecimal digits. */
  get version(): string {
    return hex(this.high) + hex(this.low);
  }

  get(name: string): T | undefined {
    return this.buckets[bucketOf(name, this.buckets.length)]?.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *values(): IterableIterator<T> {
    for (const bucket of this.buckets) yield* bucket.values();
  }

  /** The map with `set` put in and `remove` taken out. The same map when that changes nothing. */
  with(set: Iterable<T>, remove: Iterable<string> = []): ResourceMap<T> {
    const change = new Change(this.buckets, this.size, [this.high, this.low]);
    for (const name of remove) change.remove(name);
    for (const value of set) change.set(value);
    return change.touched ? new ResourceMap(change.buckets, change.size, [change.high, change.low]) : this;
  }

  /** The names whose presence or version differs between the two. */
  *differing(other: ResourceMap<T>): IterableIterator<string> {
    if (other === this) return;
    if (other.buckets.length === this.buckets.length) {
      for (const [at, bucket] of this.buckets.entries()) yield* differing(bucket, other.buckets[at] ?? new Map());
      return;
    }
    for (const value of this.values()) if (other.get(value.name)?.version !== value.version) yield value.name;
    for (const value of other.values()) if (!this.has(value.name)) yield value.name;
  }
}

function* differing<T extends Versioned>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
): IterableIterator<string> {
  if (a === b) return;
  for (const [name, value] of a) if (b.get(name)?.version !== value.version) yield name;
  for (const name of b.keys()) if (!a.has(name)) yield name;
}

class Change<T extends Versioned> {
  buckets: ReadonlyMap<string, T>[];
  size: number;
  high: number;
  low: number;
  touched = false;
  private readonly owned = new Map<number, Map<string, T>>();

  constructor(buckets: readonly ReadonlyMap<string, T>[], size: number, [high, low]: readonly [number, number]) {
    this.buckets = [...buckets];
    this.size = size;
    this.high = high;
    this.low = low;
  }

  set(value: T): void {
    const old = this.buckets[bucketOf(value.name, this.buckets.length)]?.get(value.name);
    if (old?.version === value.version) return;
    this.own(value.name).set(value.name, value);
    if (old !== undefined) this.count(old);
    this.count(value);
    if (old === undefined) this.size += 1;
    if (this.size > this.buckets.length * BUCKET_ENTRIES) this.grow();
  }

  remove(name: string): void {
    const old = this.buckets[bucketOf(name, this.buckets.length)]?.get(name);
    if (old === undefined) return;
    this.own(name).delete(name);
    this.count(old);
    this.size -= 1;
  }

  private count({ hash: [high, low] }: T): void {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
  }

  private own(name: string): Map<string, T> {
    this.touched = true;
    const at = bucketOf(name, this.buckets.length);
    let bucket = this.owned.get(at);
    if (bucket === undefined) {
      bucket = new Map(this.buckets[at]);
      this.owned.set(at, bucket);
      this.buckets[at] = bucket;
    }
    return bucket;
  }

  private grow(): void {
    const grown = Array.from({ length: this.buckets.length * 4 }, () => new Map<string, T>());
    for (const bucket of this.buckets)
      for (const [name, value] of bucket) grown[bucketOf(name, grown.length)]?.set(name, value);
    this.buckets = grown;
    this.owned.clear();
    for (const [at, bucket] of grown.entries()) this.owned.set(at, bucket);
  }
}

/** FNV-1a. `count` is a power of two. */
function bucketOf(name: string, count: number): number {
  if (count === 1) return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  // The low bits of FNV alone repeat for names that differ in one place only.
  return (hash ^ (hash >>> 15)) & (count - 1);
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0');
}
