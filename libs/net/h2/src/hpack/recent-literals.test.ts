import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../byte-writer.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { type Field, decodeBlock, decodeHex, encodeBlock, seeded } from './fields.testing.ts';
import { RecentLiterals } from './recent-literals.ts';

/** A literal field outside of the table: its name by index or in full, its value in full. */
function literal(name: number | string, value: string, prefix = 0): Buffer {
  const named = typeof name === 'number' ? [prefix | name] : [prefix, name.length, ...Buffer.from(name)];
  return Buffer.from([...named, value.length, ...Buffer.from(value)]);
}

test('literals of servers without a table are read right, whether they repeat or not', () => {
  const decoder = new HpackDecoder(4096);
  const draw = seeded(7);
  const names = ['x-a', 'x-b', 'x-longer-name'];
  for (let round = 0; round < 2000; round++) {
    const value = 'v'.repeat(draw(70)) + String(draw(3));
    const name = names[draw(names.length)] as string;
    const block = Buffer.concat([literal(8, String(200 + draw(3))), literal(name, value), literal(4, `/${draw(2)}`)]);
    const [status, field, path] = decodeBlock(decoder, block) as Field[];
    assert.match(status?.[1] ?? '', /^20[0-2]$/);
    assert.deepEqual(field, [name, value]);
    assert.equal(path?.[0], ':path');
    assert.equal(path?.[1].length, 2);
  }
});

test('a literal that repeats is cut off as any other', () => {
  const decoder = new HpackDecoder(4096);
  const block = literal(8, '200');
  assert.deepEqual(decodeBlock(decoder, block), [[':status', '200']]);
  assert.equal(typeof decodeBlock(decoder, block.subarray(0, -1)), 'string');
});

test('a literal that repeats is as malformed as it was', () => {
  const decoder = new HpackDecoder(4096);
  const malformed: boolean[] = [];
  const sink = { field: (_name: string, _value: string, wellFormed: boolean) => malformed.push(!wellFormed) };
  const good = literal(8, '2x0');
  const bad = literal(8, '2\n0');
  for (const block of [good, bad, bad, good]) decoder.decode(block, 0, block.length, sink);
  assert.deepEqual(malformed, [false, true, true, false]);
});

test('the code a string is in is part of it', () => {
  const decoder = new HpackDecoder(4096);
  assert.deepEqual(decodeHex(decoder, '08 02 6402'), [[':status', 'd\u0002']]);
  assert.deepEqual(decodeHex(decoder, '08 82 6402'), [[':status', '302']]);
});

test('strings that differ every time are given up', () => {
  const recent = new RecentLiterals();
  const bytes = Buffer.alloc(4);
  for (let i = 0; i < 20; i++) {
    bytes.writeUInt32BE(i);
    assert.equal(recent.find(1, bytes, 0, 4), undefined);
    recent.keep(1, bytes, 0, 4);
  }
  assert.equal(recent.keep(1, bytes, 0, 4), undefined);
  assert.equal(recent.find(1, bytes, 0, 4), undefined);
});

test('a field is found again at its place, and only while the table has it', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const draw = seeded(11);
  for (let round = 0; round < 3000; round++) {
    // Large values push each other out of the table.
    const fields: Field[] = [[':status', draw(2) === 0 ? '200' : '204']];
    for (let i = draw(6); i > 0; i--) fields.push([`x-${draw(4)}`, String(draw(3)).repeat(1 + draw(2) * 900)]);
    assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)), fields);
  }
});

test('a name without an index is packed once and written the same again', () => {
  const encoder = new HpackEncoder();
  const id = (n: number): Field[] => [['x-request-id', `id-${n}`]];
  const [first, second] = [encodeBlock(encoder, id(1)), encodeBlock(encoder, id(2))];
  assert.equal(first.length, second.length);
  assert.deepEqual(decodeBlock(new HpackDecoder(4096), second), id(2));
  const out = new ByteWriter();
  encoder.begin(out);
  for (let i = 0; i < 1000; i++) encoder.field(out, 'x-request-id', `id-${i}`);
  assert.equal((decodeBlock(new HpackDecoder(4096), out.take()) as Field[]).length, 1000);
});
