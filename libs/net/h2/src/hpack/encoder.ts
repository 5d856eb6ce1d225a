import type { ByteWriter } from '../byte-writer.ts';
import { DEFAULT_TABLE_BYTES, DynamicTable, ENTRY_OVERHEAD_BYTES, type TableEntry } from './dynamic-table.ts';
import { encodeHuffman, huffmanLength } from './huffman-encode.ts';
import { NameHistory } from './index-policy.ts';
import { internalized } from './internalized.ts';
import { STATIC_ENTRIES, STATIC_TABLE } from './static-table.ts';

/** Names that an encoder keeps a history of; at the limit, those with nothing in the table are forgotten. */
const MAX_NAMES = 128;

/** What the static table has of one name: its first index, and its values from there on. */
interface StaticName {
  readonly index: number;
  readonly values: readonly string[];
}

const STATIC_NAMES = staticNames();

/** One name as the encoder knows it. */
class NameRecord {
  readonly known: StaticName | undefined;
  readonly history: NameHistory;
  /** Entries of the dynamic table with this name, newest last. */
  readonly live: TableEntry[] = [];
  /** The name as a string of the wire, for values that come without an index; made with the first one. */
  literal: Buffer | undefined;

  constructor(name: string) {
    this.known = STATIC_NAMES.get(name);
    this.history = new NameHistory(name);
  }
}

/** An encoder's table: what falls out is no longer offered. */
class EncoderTable extends DynamicTable {
  readonly names = new Map<string, NameRecord>();

  protected override evicted(entry: TableEntry): void {
    const live = this.names.get(entry.name)?.live;
    // The oldest of the table is the oldest of its name.
    if (live?.[0] === entry) live.shift();
  }

  record(name: string): NameRecord {
    const { names } = this;
    if (names.size >= MAX_NAMES) {
      for (const [key, { live }] of names) if (live.length === 0) names.delete(key);
    }
    const record = new NameRecord(name);
    if (names.size < MAX_NAMES) names.set(internalized(name), record);
    return record;
  }
}

/** What the field at one place of the last block was, where a table had it. */
interface LastField {
  entry: TableEntry;
  /** Undefined for entries of the static table. */
  history: NameHistory | undefined;
  /** In the static table; 0: it is in the dynamic one. */
  staticIndex: number;
}

/** Fields behind these are few. */
const MOST_PLACES = 32;

/**
 * Encodes the header blocks of one direction of one connection (RFC 7541), in their order: `begin`, then `field` for each.
 * What repeats is indexed (see NameHistory), credentials never.
 */
export class HpackEncoder {
  private readonly table = new EncoderTable(DEFAULT_TABLE_BYTES);
  private readonly ownBytes: number;
  /** The smallest table since the last block, and the one from now on; -1: nothing to say. */
  private smallestBytes = -1;
  private nextBytes = DEFAULT_TABLE_BYTES;
  /** Messages of a connection are alike: most fields stand where they stood in the one before. */
  private readonly last: (LastField | undefined)[] = [];
  private place = 0;

  /** @param maxTableBytes the largest table we use, whatever the peer allows. Default 4,096. */
  constructor(maxTableBytes = DEFAULT_TABLE_BYTES) {
    this.ownBytes = maxTableBytes;
    if (maxTableBytes < DEFAULT_TABLE_BYTES) this.setMaxTableBytes(DEFAULT_TABLE_BYTES);
  }

  /** Octets in the dynamic table, as RFC 7541 section 4.1 counts them. */
  get tableBytes(): number {
    return this.table.byteSize;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE came. The next block says what we make of it. */
  setMaxTableBytes(bytes: number): void {
    const next = Math.min(bytes, this.ownBytes);
    if (next === this.nextBytes) return;
    this.nextBytes = next;
    this.smallestBytes = this.smallestBytes < 0 ? next : Math.min(this.smallestBytes, next);
  }

  /** Begins a block: writes what is due of table size updates, at most the smallest and the last (RFC 7541 section 4.2). */
  begin(out: ByteWriter): void {
    this.place = 0;
    if (this.smallestBytes < 0) return;
    const { table, smallestBytes, nextBytes } = this;
    if (smallestBytes < nextBytes && smallestBytes < table.maxBytes) {
      table.resize(smallestBytes);
      writeInteger(out, 0x20, 0x1f, smallestBytes);
    }
    if (nextBytes !== table.maxBytes) {
      table.resize(nextBytes);
      writeInteger(out, 0x20, 0x1f, nextBytes);
    }
    this.smallestBytes = -1;
  }

  /**
   * Writes one field. `name` is in lower case; both are latin1.
   * @param sensitive no table on the way may hold it: kept for every hop (RFC 7541 section 6.2.3). Credentials are, unasked.
   */
  field(out: ByteWriter, name: string, value: string, sensitive = false): void {
    const { table } = this;
    const place = this.place++;
    const last = this.last[place];
    if (last !== undefined && last.entry.name === name && last.entry.value === value && !sensitive) {
      const { entry, staticIndex, history } = last;
      if (staticIndex > 0) return out.byte(0x80 | staticIndex);
      if (table.holds(entry)) {
        history?.used();
        return writeInteger(out, 0x80, 0x7f, this.indexOf(entry));
      }
    }
    const record = table.names.get(name) ?? table.record(name);
    const { known, live, history } = record;
    if (!sensitive) {
      if (known !== undefined) {
        const at = known.values.indexOf(value);
        if (at >= 0) {
          const staticIndex = known.index + at;
          this.stood(place, STATIC_TABLE[staticIndex] as TableEntry, undefined, staticIndex);
          return out.byte(0x80 | staticIndex);
        }
      }
      for (let i = live.length - 1; i >= 0; i--) {
        const entry = live[i] as TableEntry;
        if (entry.value !== value) continue;
        history.used();
        this.stood(place, entry, history, 0);
        return writeInteger(out, 0x80, 0x7f, this.indexOf(entry));
      }
    }
    const indexing = sensitive ? 'never' : history.judge(value, table.maxBytes >> 1);
    const nameIndex = known?.index ?? (live.length > 0 ? this.indexOf(live[live.length - 1] as TableEntry) : 0);
    if (indexing === 'index') writeInteger(out, 0x40, 0x3f, nameIndex);
    else writeInteger(out, indexing === 'never' ? 0x10 : 0, 0x0f, nameIndex);
    if (nameIndex === 0) writeName(out, name, record);
    // What comes once is not worth the time of packing it, here and at the peer.
    if (indexing === 'index') writeString(out, value);
    else writePlain(out, value);
    if (indexing === 'index') this.insert(name, value, record);
  }

  private stood(place: number, entry: TableEntry, history: NameHistory | undefined, staticIndex: number): void {
    const last = this.last[place];
    if (last !== undefined) {
      last.entry = entry;
      last.history = history;
      last.staticIndex = staticIndex;
    } else if (place < MOST_PLACES) this.last[place] = { entry, history, staticIndex };
  }

  private indexOf(entry: TableEntry): number {
    return STATIC_ENTRIES + 1 + this.table.inserted - entry.number;
  }

  private insert(name: string, value: string, record: NameRecord): void {
    const { table } = this;
    const entry: TableEntry = {
      name: internalized(name),
      value: ownCopy(value),
      nameWellFormed: true,
      wellFormed: true,
      bytes: name.length + value.length + ENTRY_OVERHEAD_BYTES,
      number: table.inserted + 1,
    };
    if (table.insert(entry) && table.names.get(name) === record) record.live.push(entry);
  }
}

/** RFC 7541 section 5.1: `pattern` above the prefix, whose ones are `mask`. */
function writeInteger(out: ByteWriter, pattern: number, mask: number, value: number): void {
  if (value < mask) return out.byte(pattern | value);
  out.byte(pattern | mask);
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80);
  out.byte(rest);
}

/** RFC 7541 section 5.2: in Huffman code where that is shorter. */
function writeString(out: ByteWriter, text: string): void {
  const size = huffmanLength(text);
  if (size < text.length) {
    writeInteger(out, 0x80, 0x7f, size);
    encodeHuffman(out, text, size);
  } else writePlain(out, text);
}

/** RFC 7541 section 5.2: as it is. */
function writePlain(out: ByteWriter, text: string): void {
  writeInteger(out, 0, 0x7f, text.length);
  out.latin1(text);
}

/** A name that no table has, packed once for all values that come without an index. */
function writeName(out: ByteWriter, name: string, record: NameRecord): void {
  const { literal } = record;
  if (literal !== undefined) {
    out.octets(literal);
    return;
  }
  const from = out.length;
  writeString(out, name);
  record.literal = Buffer.from(out.bytes.subarray(from, out.length));
}

/** A string cut out of a message's head keeps the whole head alive; one that stays in a table must not. */
function ownCopy(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'latin1').toString('latin1');
}

function staticNames(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: string[] }>();
  for (let index = 1; index <= STATIC_ENTRIES; index++) {
    const { name, value } = STATIC_TABLE[index] as TableEntry;
    const known = names.get(name);
    if (known === undefined) names.set(name, { index, values: [value] });
    else known.values.push(value);
  }
  return names;
}
