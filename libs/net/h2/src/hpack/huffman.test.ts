import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../byte-writer.ts';
import { CODES, CODE_BITS, EOS } from './huffman-code.ts';
import { seeded } from './fields.testing.ts';
import { decodeHuffman } from './huffman-decode.ts';
import { encodeHuffman, huffmanLength } from './huffman-encode.ts';

function encoded(text: string): Buffer {
  const out = new ByteWriter();
  encodeHuffman(out, text, huffmanLength(text));
  return out.take();
}

function decoded(bytes: Buffer): string | undefined {
  const out = Buffer.alloc(Math.floor((bytes.length * 8) / 5));
  const length = decodeHuffman(bytes, 0, bytes.length, out);
  return length < 0 ? undefined : out.toString('latin1', 0, length);
}

test('the code is complete: no string of bits is without a meaning', () => {
  assert.equal(CODE_BITS.length, 257);
  assert.equal(CODE_BITS.reduce((sum, bits) => sum + 2 ** -bits, 0), 1); // prettier-ignore
  assert.equal(CODES[EOS], 0x3fffffff);
});

test('encodes the strings of appendix C', () => {
  const strings: readonly [string, string][] = [
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['private', 'aec3771a4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
  ];
  for (const [text, hex] of strings) assert.equal(encoded(text).toString('hex'), hex);
});

test('every octet comes back, alone and beside every other', () => {
  for (let first = 0; first < 256; first++) {
    const alone = String.fromCharCode(first);
    assert.equal(decoded(encoded(alone)), alone);
    for (let second = 0; second < 256; second++) {
      const text = alone + String.fromCharCode(second, first);
      assert.equal(decoded(encoded(text)), text);
    }
  }
});

test('a string cut anywhere decodes to its beginning or not at all', () => {
  const random = seeded(3);
  for (let round = 0; round < 300; round++) {
    const text = String.fromCharCode(...Array.from({ length: 1 + random(20) }, () => random(256)));
    const bytes = encoded(text);
    for (let cut = 0; cut < bytes.length; cut++) {
      const beginning = decoded(bytes.subarray(0, cut));
      if (beginning !== undefined) assert.ok(text.startsWith(beginning));
    }
  }
});
