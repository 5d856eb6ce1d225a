import { HpackDecoder, HpackEncoder, ByteWriter } from '@weft/net-h2/testing';
import { promise, type FuzzTarget } from '../target.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

class Fields {
  readonly list: [string, string][] = [];
  field(name: string, value: string): void {
    this.list.push([name, value]);
  }
}

function decoded(decoder: HpackDecoder, block: Buffer): [string, string][] | string {
  const fields = new Fields();
  const fault = decoder.decode(block, 0, block.length, fields);
  return fault ?? fields.list;
}

export const hpack: FuzzTarget = {
  name: 'hpack',
  // Two blocks, the first one's length in the first byte. The bytes are those of RFC 7541, appendix C.
  seeds: [
    hex('14 828684410f7777772e6578616d706c652e636f6d 828684be58086e6f2d6361636865'),
    hex('11 828684418cf1e3c2e5f23a6ba0ab90f4ff 828684be5886a8eb10649cbf'),
    hex('0a 400a637573746f6d2d6b6579 0d637573746f6d2d686561646572'),
    hex('03 3fe11f 3fe11f82'),
    hex('02 2082 82'),
  ],
  words: [
    [0x20],
    [0x3f, 0xe1, 0x1f],
    [0x82],
    [0xbe],
    [0x40],
    [0x10],
    [0xff, 0xff, 0xff, 0xff, 0x7f],
    [0x7f, 0xff, 0xff],
  ].map((b) => Buffer.from(b)),
  run(input) {
    const decoder = new HpackDecoder(4096);
    const first = Buffer.from(input.subarray(1, 1 + (input[0] ?? 0)));
    const results = [decoded(decoder, first), decoded(decoder, Buffer.from(input.subarray(1 + first.length)))];
    // What was understood must come back the same from an encoder and another decoder.
    const [encoder, again] = [new HpackEncoder(), new HpackDecoder(4096)];
    for (const result of results) {
      if (typeof result === 'string') continue;
      const out = new ByteWriter();
      encoder.begin(out);
      for (const [name, value] of result) encoder.field(out, name, value);
      const back = decoded(again, Buffer.from(out.bytes.subarray(0, out.length)));
      promise(
        JSON.stringify(back) === JSON.stringify(result),
        `encoded and decoded again it is ${JSON.stringify(back)}`,
      );
    }
    return results.map((result) => (typeof result === 'string' ? result : `${Math.min(result.length, 9)}`)).join(';');
  },
};
