import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { type Field, decodeHex } from './fields.testing.ts';

/** Blocks of one connection, with the octets in the table behind each. */
interface Example {
  readonly title: string;
  readonly blocks: readonly { readonly hex: string; readonly fields: readonly Field[]; readonly table: number }[];
}

const FIRST: Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
];
const SECOND: Field[] = [...FIRST, ['cache-control', 'no-cache']];
const THIRD: Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
];
const MOVED: Field[] = [
  [':status', '302'],
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ['location', 'https://www.example.com'],
];
const MOVED_AGAIN: Field[] = [[':status', '307'], ...MOVED.slice(1)];
const FOUND: Field[] = [
  [':status', '200'],
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
  ['location', 'https://www.example.com'],
  ['content-encoding', 'gzip'],
  ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
];
/** Responses of appendix C are made for a table of 256 octets; the update to it is not part of the printed block. */
const TO_256 = '3fe101 ';

const EXAMPLES: readonly Example[] = [
  {
    title: 'C.2.1, a literal that enters the table',
    blocks: [
      {
        hex: '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        fields: [['custom-key', 'custom-header']],
        table: 55,
      },
    ],
  },
  {
    title: 'C.2.2, a literal that does not',
    blocks: [{ hex: '040c 2f73 616d 706c 652f 7061 7468', fields: [[':path', '/sample/path']], table: 0 }],
  },
  {
    title: 'C.2.3, a literal that never may',
    blocks: [{ hex: '1008 7061 7373 776f 7264 0673 6563 7265 74', fields: [['password', 'secret']], table: 0 }],
  },
  { title: 'C.2.4, an indexed field', blocks: [{ hex: '82', fields: [[':method', 'GET']], table: 0 }] },
  {
    title: 'C.3, requests without Huffman code',
    blocks: [
      { hex: '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', fields: FIRST, table: 57 },
      { hex: '8286 84be 5808 6e6f 2d63 6163 6865', fields: SECOND, table: 110 },
      {
        hex: '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
        fields: THIRD,
        table: 164,
      },
    ],
  },
  {
    title: 'C.4, requests in Huffman code',
    blocks: [
      { hex: '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', fields: FIRST, table: 57 },
      { hex: '8286 84be 5886 a8eb 1064 9cbf', fields: SECOND, table: 110 },
      { hex: '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', fields: THIRD, table: 164 },
    ],
  },
  {
    title: 'C.5, responses without Huffman code, with evictions',
    blocks: [
      {
        hex:
          TO_256 +
          '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 ' +
          '3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        fields: MOVED,
        table: 222,
      },
      { hex: '4803 3330 37c1 c0bf', fields: MOVED_AGAIN, table: 222 },
      {
        hex:
          '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 ' +
          '7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 ' +
          '6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
        fields: FOUND,
        table: 215,
      },
    ],
  },
  {
    title: 'C.6, responses in Huffman code, with evictions',
    blocks: [
      {
        hex:
          TO_256 +
          '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad ' +
          '1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        fields: MOVED,
        table: 222,
      },
      { hex: '4883 640e ffc1 c0bf', fields: MOVED_AGAIN, table: 222 },
      {
        hex:
          '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 ' +
          'e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        fields: FOUND,
        table: 215,
      },
    ],
  },
];

for (const { title, blocks } of EXAMPLES) {
  test(`decodes example ${title}`, () => {
    const decoder = new HpackDecoder(4096);
    for (const { hex, fields, table } of blocks) {
      assert.deepEqual(decodeHex(decoder, hex), fields);
      assert.equal(decoder.tableBytes, table);
    }
  });

  test(`a cut in example ${title} gives a fault or whole fields, and throws nothing`, () => {
    const last = blocks.length - 1;
    const octets = Buffer.from((blocks[last]?.hex ?? '').replaceAll(' ', ''), 'hex').length;
    for (let cut = 0; cut < octets; cut++) {
      const decoder = new HpackDecoder(4096);
      for (const { hex } of blocks.slice(0, last)) decodeHex(decoder, hex);
      const decoded = decodeHex(decoder, (blocks[last]?.hex ?? '').replaceAll(' ', '').slice(0, cut * 2));
      if (typeof decoded === 'string') continue;
      assert.deepEqual(decoded, blocks[last]?.fields.slice(0, decoded.length));
    }
  });
}

test('decodes the integers of example C.1, as table sizes', () => {
  const decoder = new HpackDecoder(4096);
  assert.deepEqual(decodeHex(decoder, '2a'), []);
  assert.deepEqual(decodeHex(decoder, '3f9a0a'), [], 'C.1.2: 1337');
});
