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

/** What a map is made of that lies over another one. No name is in both. */
interface Layers<T extends Versioned> {
  readonly under: ResourceMap<T>;
  readonly own: ResourceMap<T>;
}

/**
 * An immutable map by name that shares what did not change: `with` costs the buckets that it touches, and two maps made from
 * each other are compared in the time of what differs. `over` puts a few entries over a map that many others share.
 */
export class ResourceMap<T extends Versioned> {
  readonly size: number;
  readonly layers: Layers<T> | undefined;
  private readonly buckets: readonly ReadonlyMap<string, T>[];
  /** The exclusive-or of all hashes, in two halves. */
  readonly high: number;
  readonly low: number;
  /** A thousand proxies ask for the difference of the same two maps. */
  private compared: { readonly other: WeakRef<ResourceMap<T>>; readonly names: readonly string[] } | undefined;

  private constructor(buckets: readonly ReadonlyMap<string, T>[], { size, high, low }: Sum, layers?: Layers<T>) {
    this.buckets = buckets;
    this.size = size;
    this.high = high;
    this.low = low;
    this.layers = layers;
  }

  static empty<T extends Versioned>(): ResourceMap<T> {
    return new ResourceMap<T>([new Map()], { size: 0, high: 0, low: 0 });
  }

  static of<T extends Versioned>(values: Iterable<T>): ResourceMap<T> {
    return ResourceMap.empty<T>().with(values);
  }

  /** `under`, and those of `own` whose names it lacks. Costs what `own` costs. */
  static over<T extends Versioned>(under: ResourceMap<T>, own: Iterable<T>): ResourceMap<T> {
    const mine = ResourceMap.of([...own].filter(({ name }) => !under.has(name)));
    return mine.size === 0 ? under : ResourceMap.layered({ under, own: mine });
  }

  private static layered<T extends Versioned>(layers: Layers<T>): ResourceMap<T> {
    const { under, own } = layers;
    const [high, low] = [(under.high ^ own.high) >>> 0, (under.low ^ own.low) >>> 0];
    return new ResourceMap<T>([], { size: under.size + own.size, high, low }, layers);
  }

  /** The version of the set: the same for equal contents, whatever the way that led there. 16 hexadecimal digits. */
  get version(): string {
    return hex(this.high) + hex(this.low);
  }

  get(name: string): T | undefined {
    if (this.layers !== undefined) return this.layers.own.get(name) ?? this.layers.under.get(name);
    return this.buckets[bucketOf(name, this.buckets.length)]?.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *values(): IterableIterator<T> {
    if (this.layers !== undefined) {
      yield* this.layers.under.values();
      yield* this.layers.own.values();
    }
    for (const bucket of this.buckets) yield* bucket.values();
  }

  /** The map with `set` put in and `remove` taken out. The same map when that changes nothing. */
  with(set: Iterable<T>, remove: Iterable<string> = []): ResourceMap<T> {
    if (this.layers !== undefined) return this.withLayers(this.layers, [...set], [...remove]);
    const change = new Change(this.buckets, this);
    for (const name of remove) change.remove(name);
    for (const value of set) change.set(value);
    return change.touched ? new ResourceMap(change.buckets, change) : this;
  }

  /** True where `with(set, remove)` has the contents of `target`: found out without making it. No name may come twice. */
  leadsTo(target: ResourceMap<T>, set: Iterable<T>, remove: Iterable<string> = []): boolean {
    const change = new Contents(this);
    for (const name of remove) change.swap(this.get(name), undefined);
    for (const value of set) change.swap(this.get(value.name), value);
    return change.size === target.size && change.high === target.high && change.low === target.low;
  }

  /** The names whose presence or version differs between the two. */
  differing(other: ResourceMap<T>): readonly string[] {
    if (other === this) return NO_NAMES;
    if (this.compared?.other.deref() === other) return this.compared.names;
    const names = [...this.compare(other)];
    this.compared = { other: new WeakRef(other), names };
    return names;
  }

  private *compare(other: ResourceMap<T>): IterableIterator<string> {
    if (this.layers !== undefined && other.layers !== undefined) {
      const names = new Set(this.layers.under.differing(other.layers.under));
      for (const name of this.layers.own.differing(other.layers.own)) names.add(name);
      // What only went from one layer to the other is the same.
      for (const name of names) if (this.get(name)?.version !== other.get(name)?.version) yield name;
      return;
    }
    if (other.buckets.length === this.buckets.length) {
      for (const [at, bucket] of this.buckets.entries()) yield* differing(bucket, other.buckets[at] ?? new Map());
      return;
    }
    for (const value of this.values()) if (other.get(value.name)?.version !== value.version) yield value.name;
    for (const value of other.values()) if (!this.has(value.name)) yield value.name;
  }

  /** What is new goes below: there it may be shared. */
  private withLayers({ under, own }: Layers<T>, set: readonly T[], remove: readonly string[]): ResourceMap<T> {
    const mine = own.with(
      set.filter(({ name }) => own.has(name)),
      remove.filter((name) => own.has(name)),
    );
    const below = under.with(
      set.filter(({ name }) => !own.has(name)),
      remove,
    );
    if (mine === own && below === under) return this;
    return mine.size === 0 ? below : ResourceMap.layered({ under: below, own: mine });
  }
}

const NO_NAMES: readonly string[] = [];

function* differing<T extends Versioned>(
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
): IterableIterator<string> {
  if (a === b) return;
  for (const [name, value] of a) if (b.get(name)?.version !== value.version) yield name;
  for (const name of b.keys()) if (!a.has(name)) yield name;
}

/** How many entries there are, and the exclusive-or of their hashes. */
interface Sum {
  readonly size: number;
  readonly high: number;
  readonly low: number;
}

/** The same, while entries come and go. */
class Contents implements Sum {
  size: number;
  high: number;
  low: number;

  constructor({ size, high, low }: Sum) {
    this.size = size;
    this.high = high;
    this.low = low;
  }

  swap(before: Versioned | undefined, after: Versioned | undefined): void {
    if (before !== undefined) this.count(before, -1);
    if (after !== undefined) this.count(after, 1);
  }

  private count({ hash: [high, low] }: Versioned, by: number): void {
    this.size += by;
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
  }
}

class Change<T extends Versioned> extends Contents {
  buckets: ReadonlyMap<string, T>[];
  touched = false;
  private readonly owned = new Map<number, Map<string, T>>();

  constructor(buckets: readonly ReadonlyMap<string, T>[], sum: Sum) {
    super(sum);
    this.buckets = [...buckets];
  }

  set(value: T): void {
    const old = this.buckets[bucketOf(value.name, this.buckets.length)]?.get(value.name);
    if (old?.version === value.version) return;
    this.own(value.name).set(value.name, value);
    this.swap(old, value);
    if (this.size > this.buckets.length * BUCKET_ENTRIES) this.grow();
  }

  remove(name: string): void {
    const old = this.buckets[bucketOf(name, this.buckets.length)]?.get(name);
    if (old === undefined) return;
    this.own(name).delete(name);
    this.swap(old, undefined);
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
