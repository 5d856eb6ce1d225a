import { ByteWriter } from '../byte-writer.ts';
import type { HpackDecoder } from './decoder.ts';
import type { HpackEncoder } from './encoder.ts';
import type { HpackSink } from './sink.ts';

export type Field = readonly [name: string, value: string];

/** Writes down the fields of one block. */
export class FieldRecorder implements HpackSink {
  readonly fields: Field[] = [];
  readonly malformed: string[] = [];
  field(name: string, value: string, wellFormed: boolean): void {
    this.fields.push([name, value]);
    if (!wellFormed) this.malformed.push(name);
  }
}

/** Decodes hex, with or without blanks in it; the fault where there is one. */
export function decodeHex(decoder: HpackDecoder, hex: string): Field[] | string {
  return decodeBlock(decoder, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export function decodeBlock(decoder: HpackDecoder, block: Buffer): Field[] | string {
  const recorder = new FieldRecorder();
  return decoder.decode(block, 0, block.length, recorder) ?? recorder.fields;
}

export function encodeBlock(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  const out = new ByteWriter();
  encoder.begin(out);
  for (const [name, value] of fields) encoder.field(out, name, value);
  return out.take();
}

/** Numbers from a seed, the same on every run: 0 <= n < below. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % below;
  };
}
