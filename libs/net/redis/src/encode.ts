import type { RespAggregate, RespBytes, RespText, RespValue } from './value.ts';

const TEXT_SIGN: Readonly<Record<RespText['kind'], string>> = {
  simple: '+',
  error: '-',
  integer: ':',
  double: ',',
  boolean: '#',
  bignum: '(',
};
const BYTES_SIGN: Readonly<Record<RespBytes['kind'], string>> = { bulk: '$', bulkError: '!', verbatim: '=' };
const AGGREGATE_SIGN: Readonly<Record<RespAggregate['kind'], string>> = { array: '*', set: '~', push: '>', map: '%' };
const NULLS = { bulk: '$-1\r\n', array: '*-1\r\n', resp3: '_\r\n' } as const;

/** The bytes of values in a row. */
export function encodeResp(...values: readonly RespValue[]): Buffer {
  const out = new Writer();
  for (const value of values) write(value, out);
  return out.bytes();
}

/** The bytes of a command: an array of bulks. */
export function encodeCommand(args: readonly (Buffer | string)[]): Buffer {
  const out = new Writer();
  out.text(`*${args.length}\r\n`);
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg) : arg;
    out.text(`$${bytes.length}\r\n`);
    out.copy(bytes);
    out.text('\r\n');
  }
  return out.bytes();
}

function write(value: RespValue, out: Writer): void {
  switch (value.kind) {
    case 'null':
      out.text(NULLS[value.form]);
      return;
    case 'bulk':
    case 'bulkError':
    case 'verbatim':
      out.text(`${BYTES_SIGN[value.kind]}${value.bytes.length}\r\n`);
      out.copy(value.bytes);
      out.text('\r\n');
      return;
    case 'array':
    case 'set':
    case 'push':
    case 'map': {
      const { items } = value;
      out.text(`${AGGREGATE_SIGN[value.kind]}${value.kind === 'map' ? items.length / 2 : items.length}\r\n`);
      for (const item of items) write(item, out);
      return;
    }
    default:
      out.text(`${TEXT_SIGN[value.kind]}${value.text}\r\n`);
  }
}

/** Longer runs of bytes are not copied into the text between them, but joined at the end. */
class Writer {
  private readonly parts: Buffer[] = [];
  private pending = '';

  text(text: string): void {
    this.pending += text;
  }
  copy(bytes: Buffer): void {
    if (bytes.length <= 64) {
      this.pending += bytes.toString('latin1');
      return;
    }
    this.flush();
    this.parts.push(bytes);
  }
  bytes(): Buffer {
    this.flush();
    return this.parts.length === 1 ? (this.parts[0] as Buffer) : Buffer.concat(this.parts);
  }
  private flush(): void {
    if (this.pending !== '') this.parts.push(Buffer.from(this.pending, 'latin1'));
    this.pending = '';
  }
}
