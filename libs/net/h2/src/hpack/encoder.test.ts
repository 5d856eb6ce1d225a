import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../byte-writer.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { type Field, decodeBlock, encodeBlock, seeded } from './fields.testing.ts';

/** What is in one block, after how many like it. */
function sizeAfter(count: number, fields: (nth: number) => Field[]): number {
  const encoder = new HpackEncoder();
  let block: Buffer = Buffer.alloc(0);
  for (let i = 0; i < count; i++) block = encodeBlock(encoder, fields(i));
  return block.length;
}

test('a head that repeats takes one octet a field', () => {
  const fields: Field[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'videos-api:8080'],
    [':path', '/api/videos'],
    ['user-agent', 'weft'],
    ['x-custom', 'a value of its own'],
    ['content-length', '1024'],
  ];
  assert.equal(sizeAfter(3, () => fields), fields.length); // prettier-ignore
});

test('values that do not repeat stay out of the table', () => {
  const encoder = new HpackEncoder();
  for (let i = 0; i < 200; i++) {
    encodeBlock(encoder, [
      [':path', `/videos/${i}`],
      ['x-request-id', `id-${i}`],
      ['date', `day ${i}`],
      ['content-length', `${i}`],
    ]);
  }
  assert.equal(encoder.tableBytes, 0);
  for (let i = 0; i < 200; i++) encodeBlock(encoder, [['x-nonce', `nonce ${i}`]]);
  assert.ok(encoder.tableBytes < 200, 'a name that proves volatile is found out');
});

test('a path with a query stays out of the table however often it comes', () => {
  const encoder = new HpackEncoder();
  for (let i = 0; i < 5; i++) encodeBlock(encoder, [[':path', '/a?b=c']]);
  assert.equal(encoder.tableBytes, 0);
});

test('credentials are written so that no table may hold them', () => {
  for (const [name, value] of [
    ['authorization', 'Basic YTpi'],
    ['proxy-authorization', 'Basic YTpi'],
    ['cookie', 'id=1'],
  ] as Field[]) {
    // prettier-ignore
    const encoder = new HpackEncoder();
    encodeBlock(encoder, [[name, value]]);
    const block = encodeBlock(encoder, [[name, value]]);
    assert.equal((block[0] as number) & 0xf0, 0x10, name);
    assert.equal(encoder.tableBytes, 0);
    assert.deepEqual(decodeBlock(new HpackDecoder(4096), block), [[name, value]]);
  }
});

test('what the caller calls sensitive is never indexed', () => {
  const encoder = new HpackEncoder();
  const out = new ByteWriter();
  encoder.begin(out);
  encoder.field(out, 'x-token', 'secret', true);
  encoder.field(out, 'x-token', 'secret', true);
  const block = out.take();
  assert.equal(block[0], 0x10);
  assert.equal(encoder.tableBytes, 0);
  assert.deepEqual(decodeBlock(new HpackDecoder(4096), block), [['x-token', 'secret'], ['x-token', 'secret']]); // prettier-ignore
});

test('a new limit is announced in the next block: the smallest, then the last', () => {
  const encoder = new HpackEncoder();
  encodeBlock(encoder, [['a', 'b']]);
  encoder.setMaxTableBytes(0);
  encoder.setMaxTableBytes(100);
  assert.equal(encodeBlock(encoder, [[':method', 'GET']]).toString('hex'), '203f4582');
  assert.equal(encoder.tableBytes, 0);
  assert.equal(encodeBlock(encoder, [[':method', 'GET']]).toString('hex'), '82');
  encoder.setMaxTableBytes(1_000_000);
  assert.equal(encodeBlock(encoder, []).toString('hex'), '3fe11f', 'no more than 4,096 of our own');
});

test('a limit that comes back to what it was is no news, unless it was less meanwhile', () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableBytes(8192);
  assert.equal(encodeBlock(encoder, []).length, 0);
  encoder.setMaxTableBytes(10);
  encoder.setMaxTableBytes(4096);
  assert.equal(encodeBlock(encoder, []).toString('hex'), '2a3fe11f');
});

test('an encoder without a table says so first, and keeps none', () => {
  const encoder = new HpackEncoder(0);
  assert.equal(
    encodeBlock(encoder, [['x', 'y']])
      .toString('hex')
      .slice(0, 2),
    '20',
  );
  encodeBlock(encoder, [['x', 'y']]);
  assert.equal(encoder.tableBytes, 0);
});

const NAMES = [
  ':path',
  ':status',
  'cookie',
  'set-cookie',
  'x-a',
  'x-b',
  'accept',
  'content-length',
  'x-request-id',
  'via',
];

test('whatever is encoded decodes to itself, through table changes on the way', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const largest = 512 + random(16_384);
    const encoder = new HpackEncoder(largest);
    const decoder = new HpackDecoder(largest);
    const text = (): string =>
      String.fromCharCode(...Array.from({ length: random(random(10) === 0 ? 600 : 30) }, () => random(256)));
    const pool = Array.from({ length: 12 }, text);
    for (let block = 0; block < 60; block++) {
      for (let i = random(6) === 0 ? 1 + random(3) : 0; i > 0; i--) encoder.setMaxTableBytes(random(largest + 1));
      const fields = Array.from({ length: random(20) }, (): Field => {
        const name = random(8) === 0 ? `x-${random(400)}` : (NAMES[random(NAMES.length)] as string);
        return [name, random(3) === 0 ? text() : (pool[random(pool.length)] as string)];
      });
      assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)), fields);
      assert.equal(decoder.tableBytes, encoder.tableBytes);
    }
  }
});
