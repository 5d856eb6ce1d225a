import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { FieldRecorder, decodeBlock, decodeHex, seeded } from './fields.testing.ts';

const FAULTS: readonly [title: string, hex: string][] = [
  ['index 0', '80'],
  ['an index behind the static table while the dynamic one is empty', 'be'],
  ['a name index of no entry', '7e0161'],
  ['a name index of no entry, not for the table', '0f2f0161'],
  ['an index that ends before it is whole', 'ff'],
  ['an index that goes on and ends', 'ff80'],
  ['an integer of too many octets', 'ff8080808001'],
  ['an integer beyond every limit', 'ffffffffffffffffff7f'],
  ['a name of an endless length', '007fffffffffffff00'],
  ['a field without its value', '41'],
  ['a value shorter than it says', '410361'],
  ['a name shorter than it says', '400361'],
  ['a name, then nothing', '400161'],
  ['a name and a length', '40016105'],
  ['a length that breaks off', '417f'],
  ['a size update above the limit', '3fe21f'],
  ['a size update behind a field', '8220'],
  ['a size update at the end of a block', '8420'],
  ['Huffman code with a zero in its padding', '418118'.replace('18', '00')],
  ['Huffman code with eight bits of padding', '4182 1fff'],
  ['Huffman code with thirty bits of padding, which is EOS', '4184 ffffffff'],
  ['Huffman code with EOS in the middle', '4185 ffffffff1f'],
  ['Huffman code cut within a long code', '4181 ff'],
];

for (const [title, hex] of FAULTS) {
  test(`${title} is a fault`, () => {
    assert.equal(typeof decodeHex(new HpackDecoder(4096), hex), 'string');
  });
}

test('an empty block has no fields', () => {
  assert.deepEqual(decodeHex(new HpackDecoder(4096), ''), []);
});

test('decodes only what lies between start and end', () => {
  const recorder = new FieldRecorder();
  const fault = new HpackDecoder(4096).decode(Buffer.from('ff828687ff', 'hex'), 1, 4, recorder);
  assert.equal(fault, undefined);
  assert.deepEqual(recorder.fields, [[':method', 'GET'], [':scheme', 'http'], [':scheme', 'https']]); // prettier-ignore
});

test('takes several size updates at the start of a block, each at most the limit', () => {
  const decoder = new HpackDecoder(8192);
  assert.deepEqual(decodeHex(decoder, '400161 0162'), [['a', 'b']]);
  assert.equal(decoder.tableBytes, 34);
  assert.deepEqual(decodeHex(decoder, '20 3fe13f 82'), [[':method', 'GET']]);
  assert.equal(decoder.tableBytes, 0);
  assert.equal(typeof decodeHex(decoder, '3fe23f'), 'string');
});

test('a larger limit is no larger table until the peer says so', () => {
  const decoder = new HpackDecoder(65_536);
  const value = 'v'.repeat(1500);
  const literal = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xdd, 0x0a]), Buffer.from(value)]);
  for (let i = 0; i < 5; i++) assert.deepEqual(decodeBlock(decoder, literal), [['a', value]]);
  assert.equal(decoder.tableBytes, 2 * (1500 + 1 + 32));
});

test('an entry larger than the table empties it and is a field all the same', () => {
  const decoder = new HpackDecoder(4096);
  decodeHex(decoder, '3f01 400161 0162');
  assert.deepEqual(decodeHex(decoder, '400161'), 'the block ends before a string');
  const small = new HpackDecoder(4096);
  assert.deepEqual(decodeHex(small, '3f09 400161 0162'), [['a', 'b']]);
  assert.equal(small.tableBytes, 34);
  assert.deepEqual(decodeHex(small, '400361626303646566 03646566'.slice(0, 18)), [['abc', 'def']]);
  assert.equal(small.tableBytes, 38);
  assert.deepEqual(decodeHex(small, '4004616263640464656667'), [['abcd', 'defg']]);
  assert.equal(small.tableBytes, 40);
  assert.deepEqual(decodeHex(small, '400461626364056465666768'), [['abcd', 'defgh']]);
  assert.equal(small.tableBytes, 0);
});

test('a name may come from an entry that its own field evicts', () => {
  const decoder = new HpackDecoder(4096);
  assert.deepEqual(decodeHex(decoder, '3f09 4003616263 03646566'), [['abc', 'def']]);
  assert.deepEqual(decodeHex(decoder, '7e 03676869'), [['abc', 'ghi']]);
  assert.equal(decoder.tableBytes, 38);
});

test('a peer that acknowledged a smaller table must say so before its next field', () => {
  const decoder = new HpackDecoder(100);
  assert.deepEqual(decodeHex(decoder, '400161 0162'), [['a', 'b']], 'before it knew');
  decoder.settingsAcknowledged();
  assert.deepEqual(decodeHex(decoder, ''), []);
  assert.equal(decodeHex(decoder, 'be'), 'no table size update below the new limit');
  const other = new HpackDecoder(100);
  other.settingsAcknowledged();
  assert.deepEqual(decodeHex(other, '3f45 82'), [[':method', 'GET']]);
  assert.equal(typeof decodeHex(other, '3f46'), 'string', 'more than 100');
});

test('says which fields are malformed, also when they come out of the table', () => {
  const decoder = new HpackDecoder(4096);
  const recorder = new FieldRecorder();
  const block = (hex: string): string | undefined => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return decoder.decode(bytes, 0, bytes.length, recorder);
  };
  block('4001410162'); // A: b
  block('be'); // the same
  block('40016102620a'); // a: b\n
  block('be');
  block('7e0162'); // a: b, by name
  block('7f010162'); // A: b, by name
  block('4000 0162'); // nothing: b
  block('40013a 0162'); // ":" alone
  block('40036120620162'); // "a b"
  block('40023a7a0162'); // ":z", a pseudo header in form
  assert.deepEqual(recorder.malformed, ['A', 'A', 'a', 'a', 'A', '', ':', 'a b']);
});

test('random octets never throw, and never allocate without end', () => {
  const random = seeded(7);
  for (let round = 0; round < 20_000; round++) {
    const decoder = new HpackDecoder(4096);
    const recorder = new FieldRecorder();
    const bytes = Buffer.from(Array.from({ length: random(48) }, () => random(256)));
    decoder.decode(bytes, 0, bytes.length, recorder);
    assert.ok(recorder.fields.length <= bytes.length);
    assert.ok(decoder.tableBytes <= 4096);
  }
});
