import { FieldJoiner } from '@weft/core-http';
import { CR, FIELD_VALUE, HTAB, LF, SP, TOKEN_LOWER } from './chars.ts';
import { Details } from './details.ts';
import { PreservedSpelling, type PreserveCase } from './header-key-format.ts';
import { RepeatedSection } from './repeated-section.ts';
import { FieldKind, findName, hashStep, isDisguisedFraming, kindAt, nameAt } from './header-names.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Reads the field lines of a head or of trailers. One for each codec, used again for every message: its fields hold what
 * the last section said. Fields of the connection are taken out; the rest is in `raw`.
 */
export class FieldParser {
  /** `[name, value, …]`; a new array for every section. */
  raw: string[] = [];
  /** `''`: the section is well formed. */
  error: Details | '' = '';
  /** Names that only look like Content-Length or Transfer-Encoding are refused. */
  refusesDisguised = false;
  /** What becomes of names with `_`. */
  underscores: 'allow' | 'reject' | 'drop' = 'allow';
  /** Names are kept as they were spelled. */
  preserveCase: PreserveCase | undefined = undefined;
  /** How the section's names were spelled, where that is kept. */
  spelling: PreservedSpelling | undefined = undefined;
  /** Fields that were dropped for the `_` in their names. */
  droppedUnderscores = 0;
  contentLength = '';
  contentLengths = 0;
  /** All values joined by commas, as they came; `''` without. */
  transferEncoding = '';
  transferEncodings = 0;
  connection = '';
  upgrade = '';
  te = '';
  /** `HTTP2-Settings`; `=` where there was more than one. */
  http2Settings: string | undefined = undefined;
  host = '';
  hosts = 0;

  private readonly joiner: FieldJoiner;
  private readonly repeated = new RepeatedSection();
  private bytes: Buffer = EMPTY;
  private text = '';
  private base = 0;
  private lineAt = 0;
  private nameSlot = -1;
  private nameTo = 0;
  private underscored = false;

  /** @param joined names whose repeated fields become one. */
  constructor(joined: ReadonlySet<string>) {
    this.joiner = new FieldJoiner(joined);
  }

  /**
   * Where in the head in `bytes[from..to)` the very lines begin that were parsed last: `repeat` then does for them. -1 where there are
   * others.
   */
  findRepeated(bytes: Buffer, from: number, to: number): number {
    return this.preserveCase === undefined ? this.repeated.find(bytes, from, to) : -1;
  }

  /** Instead of `parse`, for the lines that were parsed last: all but `raw` still says what they said. */
  repeat(): void {
    this.raw = this.repeated.fields();
  }

  /**
   * Parses the lines in `bytes[from..to)`, each ending in CRLF. `text` is the latin1 text of `bytes` from `base` on.
   * False: `error` says why not.
   */
  parse(section: { bytes: Buffer; text: string; base: number }, from: number, to: number, maxCount: number): boolean {
    this.clear();
    this.repeated.forget();
    const { bytes } = section;
    this.bytes = bytes;
    this.text = section.text;
    this.base = section.base;
    let count = 0;
    let at = from;
    while (at < to) {
      this.lineAt = at;
      const colon = this.scanName(at);
      if (colon < 0) return this.fail(Details.codecError);
      at = colon + 1;
      while (bytes[at] === SP || bytes[at] === HTAB) at += 1;
      const valueFrom = at;
      while (FIELD_VALUE[bytes[at]] === 1) at += 1;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return this.fail(strayDetails(bytes[at]));
      let valueTo = at;
      while (valueTo > valueFrom && (bytes[valueTo - 1] === SP || bytes[valueTo - 1] === HTAB)) valueTo -= 1;
      at += 2;
      count += 1;
      if (count > maxCount) return this.fail(Details.tooManyHeaders);
      if (!this.take(this.text.slice(valueFrom - this.base, valueTo - this.base))) return false;
    }
    this.bytes = EMPTY;
    if (this.preserveCase === undefined) this.repeated.follow(bytes, from, to, this.raw);
    return true;
  }

  private clear(): void {
    this.raw = [];
    this.joiner.begin();
    this.error = '';
    this.contentLengths = 0;
    this.contentLength = '';
    this.transferEncodings = 0;
    this.transferEncoding = '';
    this.connection = '';
    this.upgrade = '';
    this.te = '';
    this.http2Settings = undefined;
    this.droppedUnderscores = 0;
    this.spelling = this.preserveCase && new PreservedSpelling(this.preserveCase);
    this.host = '';
    this.hosts = 0;
  }

  private fail(details: Details): false {
    this.error = details;
    return false;
  }

  /** The place of the colon; -1 where there is no well-formed name directly before one. */
  private scanName(from: number): number {
    const { bytes } = this;
    let hash = 0;
    let at = from;
    this.underscored = false;
    for (;;) {
      const octet = bytes[at];
      const lower = TOKEN_LOWER[octet];
      if (lower === 0) break;
      if (lower === 95) this.underscored = true;
      hash = hashStep(hash, lower);
      at += 1;
    }
    if (bytes[at] !== 58 || at === from) return -1;
    this.nameTo = at;
    this.nameSlot = findName(bytes, from, at, hash);
    return at;
  }

  private take(value: string): boolean {
    const slot = this.nameSlot;
    if (this.spelling !== undefined) this.spelling.remember(this.name());
    if (slot < 0) return this.takeUnknown(value);
    const kind = kindAt(slot);
    if (kind === FieldKind.plain) this.joiner.add(this.raw, nameAt(slot), value);
    else this.takeSpecial(kind, value);
    return true;
  }

  private name(): string {
    return this.text.slice(this.lineAt - this.base, this.nameTo - this.base);
  }

  private takeUnknown(value: string): boolean {
    if (this.underscored && this.underscores !== 'allow') {
      if (this.underscores === 'reject') return this.fail(Details.invalidUnderscore);
      this.droppedUnderscores += 1;
      return true;
    }
    const name = this.name().toLowerCase();
    if (this.refusesDisguised && isDisguisedFraming(name)) return this.fail(Details.disguisedFraming);
    this.joiner.add(this.raw, name, value);
    return true;
  }

  private takeSpecial(kind: FieldKind, value: string): void {
    switch (kind) {
      case FieldKind.contentLength:
        this.contentLengths += 1;
        this.contentLength = value;
        this.raw.push('content-length', value);
        break;
      case FieldKind.transferEncoding:
        this.transferEncodings += 1;
        this.transferEncoding = value;
        break;
      case FieldKind.host:
        this.hosts += 1;
        this.host = value;
        break;
      case FieldKind.connection:
        this.connection = joined(this.connection, value);
        break;
      case FieldKind.upgrade:
        this.upgrade = joined(this.upgrade, value);
        break;
      case FieldKind.http2Settings:
        // Two of them say nothing (RFC 7540 section 3.2.1), and '=' is no such field's value.
        this.http2Settings = this.http2Settings === undefined ? value : '=';
        break;
      case FieldKind.te:
        this.te = joined(this.te, value);
        break;
      default:
        break;
    }
  }
}

function joined(list: string, value: string): string {
  return list === '' ? value : `${list},${value}`;
}

/** A line that ends wrongly, or a character that no value may hold. */
function strayDetails(octet: number): Details {
  return octet === CR || octet === LF ? Details.codecError : Details.invalidCharacters;
}
