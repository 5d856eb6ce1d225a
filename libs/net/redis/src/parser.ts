import {
  NULL_BULK,
  NULL_RESP3,
  bulk,
  type RespAggregate,
  type RespBytes,
  type RespText,
  type RespValue,
} from './value.ts';

/** Gets what a parser reads. */
export interface RespReceiver {
  /** One whole value. Its bytes may be part of the chunks that were pushed. */
  onValue(value: RespValue): void;
}

export interface RespParserOptions {
  /** A line that begins with no sign of RESP is a command, its words separated by blanks. Default false. */
  readonly inlineCommands?: boolean;
}

/** Limits of Redis itself: proto-max-bulk-len, and the longest array it takes. */
const MAX_BULK_BYTES = 512 * 1024 * 1024;
const MAX_ITEMS = 1024 * 1024;
/** More than any reply needs, and far less than would fill the memory with brackets. */
const MAX_DEPTH = 32;
const MAX_LINE_BYTES = 64 * 1024;

const CR = 13;
const LF = 10;

const TEXT_KINDS: Readonly<Record<number, RespText['kind']>> = {
  0x2b: 'simple',
  0x2d: 'error',
  0x3a: 'integer',
  0x2c: 'double',
  0x23: 'boolean',
  0x28: 'bignum',
};
const BYTES_KINDS: Readonly<Record<number, RespBytes['kind']>> = { 0x24: 'bulk', 0x21: 'bulkError', 0x3d: 'verbatim' };
const AGGREGATE_KINDS: Readonly<Record<number, RespAggregate['kind'] | 'attribute'>> = {
  0x2a: 'array',
  0x7e: 'set',
  0x3e: 'push',
  0x25: 'map',
  0x7c: 'attribute',
};
const NULL_SIGN = 0x5f;

/** What each line with a single value must look like. Statuses and errors are free text. */
const FORMS: Partial<Record<RespText['kind'], RegExp>> = {
  integer: /^[+-]?\d{1,19}$/,
  double: /^(?:[+-]?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|inf)|-?nan)$/,
  boolean: /^[tf]$/,
  bignum: /^[+-]?\d+$/,
};

/** An aggregate that is not complete. */
interface Frame {
  readonly kind: RespAggregate['kind'] | 'attribute';
  readonly items: RespValue[];
  left: number;
}

/**
 * Reads values from bytes that come in pieces. Bytes are looked at once: what is complete of an aggregate is kept, and a long
 * bulk is waited for without being copied again and again.
 */
export class RespParser {
  private readonly receiver: RespReceiver;
  private readonly inline: boolean;
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  /** Pieces that came while `buffer` with them has fewer bytes than `wanted`. */
  private later: Buffer[] = [];
  private laterBytes = 0;
  private wanted = 0;
  private readonly stack: Frame[] = [];
  private over = false;

  constructor(receiver: RespReceiver, options: RespParserOptions = {}) {
    this.receiver = receiver;
    this.inline = options.inlineCommands ?? false;
  }

  /** Undefined, or what is wrong with the bytes; nothing is read any more then. */
  push(chunk: Buffer): string | undefined {
    if (this.over) return undefined;
    const rest = this.buffer.length - this.at;
    if (rest + this.laterBytes + chunk.length < this.wanted) {
      this.later.push(chunk);
      this.laterBytes += chunk.length;
      return undefined;
    }
    this.join(chunk);
    const fault = this.read();
    if (fault !== undefined) this.over = true;
    return fault;
  }

  /** Nothing is read or reported any more. May be called inside `onValue`. */
  stop(): void {
    this.over = true;
  }

  private join(chunk: Buffer): void {
    const rest = this.buffer.subarray(this.at);
    this.buffer = rest.length + this.laterBytes === 0 ? chunk : Buffer.concat([rest, ...this.later, chunk]);
    this.at = 0;
    this.later = [];
    this.laterBytes = 0;
    this.wanted = 0;
  }

  private read(): string | undefined {
    while (!this.over && this.at < this.buffer.length) {
      const { buffer, at } = this;
      const end = buffer.indexOf(CR, at);
      const line = end < 0 ? buffer.length - at : end - at;
      if (line > MAX_LINE_BYTES) return 'a line is longer than 64 KiB';
      if (this.isInline(buffer[at] as number)) {
        if (!this.readInline()) return undefined;
        continue;
      }
      if (end < 0 || end + 1 >= buffer.length) return undefined;
      if (buffer[end + 1] !== LF) return 'a line ends in CR without LF';
      const fault = this.readValue(buffer[at] as number, end);
      if (fault !== undefined) return fault;
      // A bulk that is not there yet.
      if (this.wanted > 0) return undefined;
    }
    return undefined;
  }

  private readValue(sign: number, end: number): string | undefined {
    const text = this.buffer.toString('latin1', this.at + 1, end);
    const textKind = TEXT_KINDS[sign];
    if (textKind !== undefined) {
      if (FORMS[textKind]?.test(text) === false) return `"${text.slice(0, 40)}" is no ${textKind}`;
      this.at = end + 2;
      this.complete({ kind: textKind, text });
      return undefined;
    }
    if (sign === NULL_SIGN) {
      if (text !== '') return 'a null has a value';
      this.at = end + 2;
      this.complete(NULL_RESP3);
      return undefined;
    }
    const aggregate = AGGREGATE_KINDS[sign];
    const bytes = BYTES_KINDS[sign];
    if (aggregate === undefined && bytes === undefined) return `unknown type "${String.fromCharCode(sign)}"`;
    if (!/^(?:\d{1,10}|-1)$/.test(text)) return `"${text.slice(0, 40)}" is no length`;
    return aggregate === undefined
      ? this.readBytes(bytes as RespBytes['kind'], Number(text), end + 2)
      : this.openAggregate(aggregate, Number(text), end + 2);
  }

  private readBytes(kind: RespBytes['kind'], length: number, begin: number): string | undefined {
    if (length > MAX_BULK_BYTES) return 'a bulk is longer than 512 MiB';
    if (length < 0) {
      if (kind !== 'bulk') return '-1 is no length';
      this.at = begin;
      this.complete(NULL_BULK);
      return undefined;
    }
    const { buffer } = this;
    const end = begin + length;
    if (end + 2 > buffer.length) {
      this.wanted = end + 2 - this.at;
      return undefined;
    }
    if (buffer[end] !== CR || buffer[end + 1] !== LF) return 'a bulk does not end where its length says';
    this.at = end + 2;
    this.complete({ kind, bytes: buffer.subarray(begin, end) });
    return undefined;
  }

  private openAggregate(kind: Frame['kind'], length: number, begin: number): string | undefined {
    if (length > MAX_ITEMS) return 'an aggregate has more than 1,048,576 items';
    this.at = begin;
    if (length < 0) {
      if (kind !== 'array') return '-1 is no length';
      this.complete({ kind: 'null', form: 'array' });
      return undefined;
    }
    if (length === 0) {
      if (kind !== 'attribute') this.complete({ kind, items: [] });
      return undefined;
    }
    if (this.stack.length >= MAX_DEPTH) return 'values are nested too deeply';
    this.stack.push({ kind, items: [], left: kind === 'map' || kind === 'attribute' ? length * 2 : length });
    return undefined;
  }

  private complete(value: RespValue): void {
    let done = value;
    for (;;) {
      const top = this.stack.at(-1);
      if (top === undefined) {
        this.receiver.onValue(done);
        return;
      }
      top.items.push(done);
      top.left -= 1;
      if (top.left > 0) return;
      this.stack.pop();
      // Attributes only comment on the value behind them.
      if (top.kind === 'attribute') return;
      done = { kind: top.kind, items: top.items };
    }
  }

  private isInline(sign: number): boolean {
    if (!this.inline || this.stack.length > 0) return false;
    return TEXT_KINDS[sign] === undefined && BYTES_KINDS[sign] === undefined && AGGREGATE_KINDS[sign] === undefined && sign !== NULL_SIGN; // prettier-ignore
  }

  /** False where the line is not complete. */
  private readInline(): boolean {
    const end = this.buffer.indexOf(LF, this.at);
    if (end < 0) return false;
    const words = this.buffer
      .toString('latin1', this.at, end)
      .split(/[ \t\r]+/)
      .filter((word) => word !== '');
    this.at = end + 1;
    if (words.length > 0)
      this.receiver.onValue({ kind: 'array', items: words.map((word) => bulk(Buffer.from(word, 'latin1'))) });
    return true;
  }
}
