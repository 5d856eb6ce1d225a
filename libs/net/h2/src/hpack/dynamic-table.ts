/** Added to the octets of name and value of each entry. Source: RFC 7541 section 4.1. */
export const ENTRY_OVERHEAD_BYTES = 32;

/** What a peer's table may hold before either side said anything. Source: RFC 9113 section 6.5.2. */
export const DEFAULT_TABLE_BYTES = 4096;

export interface TableEntry {
  readonly name: string;
  /** Replaced only by text that is equal: comparing a string with itself is cheaper than with its twin. */
  value: string;
  /** See HpackSink.field: the name alone, and the whole field. */
  readonly nameWellFormed: boolean;
  readonly wellFormed: boolean;
  /** Octets that the entry counts for. */
  readonly bytes: number;
  /** Counts insertions; entries of the static table have 0. */
  readonly number: number;
}

/**
 * The fields that went over one direction of a connection lately, newest first: a ring, bounded by the octets of RFC 7541
 * section 4.1. Decoders use it as it is; encoders are told what falls out.
 */
export class DynamicTable {
  private ring: (TableEntry | undefined)[] = [];
  private oldest = 0;
  private count = 0;
  private bytes = 0;
  /** Insertions so far: the newest entry's number. */
  inserted = 0;
  maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get size(): number {
    return this.count;
  }

  get byteSize(): number {
    return this.bytes;
  }

  /** The entry inserted `age` insertions before the newest; undefined where there is none. */
  at(age: number): TableEntry | undefined {
    if (age >= this.count) return undefined;
    return this.ring[(this.oldest + this.count - 1 - age) & (this.ring.length - 1)];
  }

  /** Whether an entry that was inserted is still there. */
  holds(entry: TableEntry): boolean {
    return entry.number > this.inserted - this.count;
  }

  /** Inserts, after evicting what there is no room for beside it. An entry larger than the table empties it, and is not kept. */
  insert(entry: TableEntry): boolean {
    this.evictTo(this.maxBytes - entry.bytes);
    if (entry.bytes > this.maxBytes) return false;
    if (this.count === this.ring.length) this.widen();
    this.ring[(this.oldest + this.count) & (this.ring.length - 1)] = entry;
    this.count += 1;
    this.bytes += entry.bytes;
    this.inserted += 1;
    return true;
  }

  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.evictTo(maxBytes);
  }

  /** Called with each entry that falls out. */
  protected evicted(_entry: TableEntry): void {
    // Decoders do not care.
  }

  private evictTo(bytes: number): void {
    const { ring } = this;
    while (this.bytes > bytes && this.count > 0) {
      const entry = ring[this.oldest] as TableEntry;
      ring[this.oldest] = undefined;
      this.oldest = (this.oldest + 1) & (ring.length - 1);
      this.count -= 1;
      this.bytes -= entry.bytes;
      this.evicted(entry);
    }
  }

  private widen(): void {
    const { ring, oldest, count } = this;
    const wider = new Array<TableEntry | undefined>(Math.max(16, count * 2)).fill(undefined);
    for (let i = 0; i < count; i++) wider[i] = ring[(oldest + i) & (count - 1)];
    this.ring = wider;
    this.oldest = 0;
  }
}
