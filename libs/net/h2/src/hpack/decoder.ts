import { DEFAULT_TABLE_BYTES, DynamicTable, ENTRY_OVERHEAD_BYTES, type TableEntry } from './dynamic-table.ts';
import { isFieldName, isFieldValue } from './field-octets.ts';
import { decodeHuffman } from './huffman-decode.ts';
import { internalized } from './internalized.ts';
import { RecentLiterals } from './recent-literals.ts';
import type { HpackSink } from './sink.ts';
import { STATIC_ENTRIES, STATIC_TABLE } from './static-table.ts';

/** Octets an integer may go on for behind its prefix: more than 2^28 is no length or index of ours. */
const MAX_INTEGER_OCTETS = 4;

/** Strings pass through here on their way out of Huffman code; nothing stays in it. */
const SCRATCH = Buffer.allocUnsafeSlow(8192);

/**
 * Decodes the header blocks of one direction of one connection (RFC 7541), in their order. Bounded by its caller: what it
 * allocates for a block is at most 8/5 of the block, and its table holds at most `maxTableBytes`.
 */
export class HpackDecoder {
  private readonly table = new DynamicTable(DEFAULT_TABLE_BYTES);
  private readonly settingBytes: number;
  /** Values by the index of their static name; new names by their octets behind those. */
  private readonly recent = new RecentLiterals();
  /** The largest table that the peer may announce. */
  private limitBytes: number;
  private block: Buffer = SCRATCH;
  private at = 0;
  private end = 0;
  private fault: string | undefined;
  /** About the string that was read last. */
  private wellFormed = true;

  /** @param maxTableBytes what we announce as SETTINGS_HEADER_TABLE_SIZE. */
  constructor(maxTableBytes: number) {
    this.settingBytes = maxTableBytes;
    this.limitBytes = Math.max(maxTableBytes, DEFAULT_TABLE_BYTES);
  }

  /** Octets in the dynamic table, as RFC 7541 section 4.1 counts them. */
  get tableBytes(): number {
    return this.table.byteSize;
  }

  /**
   * The peer acknowledged our SETTINGS: from now on it keeps to `maxTableBytes`, and where that is less than its table may
   * hold, its next block says so first (RFC 7541 section 4.2). A decoder that is never told allows the default of 4,096.
   */
  settingsAcknowledged(): void {
    this.limitBytes = this.settingBytes;
  }

  /**
   * Decodes one whole header block, `block[start..end)`, and calls `sink.field` for each field.
   * @returns what broke, undefined where nothing did. After a fault the connection is lost (COMPRESSION_ERROR): the table
   *   is not what the peer's is any more.
   */
  decode(block: Buffer, start: number, end: number, sink: HpackSink): string | undefined {
    this.block = block;
    this.at = start;
    this.end = end;
    this.fault = undefined;
    this.resizes();
    while (this.at < end && this.fault === undefined) {
      const octet = block[this.at] as number;
      if (octet >= 0x80) {
        const entry = this.entry(this.integer(0x7f));
        if (entry !== undefined) sink.field(entry.name, entry.value, entry.wellFormed);
      } else if (octet >= 0x40) this.literal(0x3f, sink);
      else if (octet < 0x20) this.literal(0x0f, sink);
      else return 'a table size update behind a field';
    }
    this.block = SCRATCH;
    return this.fault;
  }

  /** Size updates, which come before the first field (RFC 7541 section 4.2). */
  private resizes(): void {
    const { table } = this;
    while (this.at < this.end && ((this.block[this.at] as number) & 0xe0) === 0x20) {
      const bytes = this.integer(0x1f);
      if (this.fault !== undefined) return;
      if (bytes > this.limitBytes) return this.fail('a table size update above the limit');
      table.resize(bytes);
    }
    if (table.maxBytes > this.limitBytes && this.at < this.end) this.fail('no table size update below the new limit');
  }

  /** A literal field; `mask` is the prefix of the name's index: 0x3f is the form that enters the table. */
  private literal(mask: number, sink: HpackSink): void {
    // What must never be in a table (RFC 7541 section 6.2.3) is not remembered either.
    const secret = ((this.block[this.at] as number) & 0xf0) === 0x10;
    const index = this.integer(mask);
    if (this.fault !== undefined) return;
    let name: string;
    let nameWellFormed: boolean;
    if (index === 0) {
      name = this.newName();
      nameWellFormed = this.wellFormed;
    } else {
      const named = this.entry(index);
      if (named === undefined) return;
      ({ name, nameWellFormed } = named);
    }
    const value = index > 0 && index <= STATIC_ENTRIES && !secret ? this.repeating(index, false) : this.string(false);
    if (this.fault !== undefined) return;
    const wellFormed = nameWellFormed && this.wellFormed;
    if (mask === 0x3f) {
      const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
      if (index === 0) name = internalized(name);
      this.table.insert({ name, value, nameWellFormed, wellFormed, bytes, number: this.table.inserted + 1 });
    }
    sink.field(name, value, wellFormed);
  }

  private entry(index: number): TableEntry | undefined {
    if (this.fault !== undefined) return undefined;
    const entry = index > STATIC_ENTRIES ? this.table.at(index - STATIC_ENTRIES - 1) : STATIC_TABLE[index];
    if (index === 0 || entry === undefined) {
      this.fail('an index of no entry');
      return undefined;
    }
    return entry;
  }

  /** RFC 7541 section 5.1; `mask` is the prefix, all ones. There is an octet at `at`. */
  private integer(mask: number): number {
    const { block, end } = this;
    let value = (block[this.at++] as number) & mask;
    if (value < mask) return value;
    for (let octets = 0; octets < MAX_INTEGER_OCTETS; octets++) {
      if (this.at === end) {
        this.fail('the block ends in an integer');
        return 0;
      }
      const octet = block[this.at++] as number;
      value += (octet & 0x7f) << (7 * octets);
      if (octet < 0x80) return value;
    }
    this.fail('an integer above the limit');
    return 0;
  }

  /** A name that is in no table. Its octets are many or few: names of one length take turns. */
  private newName(): string {
    const octet = this.at < this.end ? (this.block[this.at] as number) & 0x7f : 0;
    return this.repeating(STATIC_ENTRIES + 1 + octet, true);
  }

  /** A string that may be the one that came under `key` the last time. */
  private repeating(key: number, asName: boolean): string {
    const { block, at, end, recent } = this;
    // A length of one octet, or it is too long to be kept; and whether it is whole, `string` has to find out.
    const octet = at < end ? (block[at] as number) & 0x7f : 0x7f;
    const after = at + 1 + octet;
    if (octet === 0x7f || after > end) return this.string(asName);
    const known = recent.find(key, block, at, after);
    if (known !== undefined) {
      this.at = after;
      this.wellFormed = known.wellFormed;
      return known.text;
    }
    const text = this.string(asName);
    if (this.fault !== undefined) return text;
    const kept = recent.keep(key, block, at, after);
    if (kept === undefined) return text;
    kept.wellFormed = this.wellFormed;
    kept.text = asName ? internalized(text) : text;
    return kept.text;
  }

  /** RFC 7541 section 5.2. Judges, too, whether it is a name or a value to be. */
  private string(asName: boolean): string {
    const { block, end } = this;
    if (this.fault !== undefined) return '';
    if (this.at === end) return this.broken('the block ends before a string');
    const huffman = (block[this.at] as number) >= 0x80;
    const size = this.integer(0x7f);
    if (this.fault !== undefined) return '';
    const start = this.at;
    if (size > end - start) return this.broken('the block ends in a string');
    this.at = start + size;
    if (!huffman) return this.text(block, start, start + size, asName);
    const needed = ((size * 8) / 5) | 0;
    const out = needed <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafeSlow(needed);
    const length = decodeHuffman(block, start, start + size, out);
    if (length < 0) return this.broken('a string that is no Huffman code');
    return this.text(out, 0, length, asName);
  }

  private text(bytes: Buffer, start: number, end: number, asName: boolean): string {
    this.wellFormed = asName ? isFieldName(bytes, start, end) : isFieldValue(bytes, start, end);
    return bytes.toString('latin1', start, end);
  }

  private broken(fault: string): string {
    this.fail(fault);
    return '';
  }

  private fail(fault: string): void {
    this.fault ??= fault;
  }
}
