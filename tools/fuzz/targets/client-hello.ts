import { parseClientHello } from '@weft/net-tls';
import { promise, type FuzzTarget } from '../target.ts';

/** A TLS 1.3 hello with server_name (a.test) and ALPN (h2, http/1.1), as bytes of RFC 8446 section 4.1.2. */
function hello(): Buffer {
  const u16 = (n: number): number[] => [n >> 8, n & 255];
  const vector = (bytes: readonly number[]): number[] => [...u16(bytes.length), ...bytes];
  const extension = (type: number, body: readonly number[]): number[] => [...u16(type), ...vector(body)];
  const ascii = (text: string): number[] => [...Buffer.from(text)];
  const name = ascii('a.test');
  const protocols = ['h2', 'http/1.1'].flatMap((text) => [text.length, ...ascii(text)]);
  const extensions = [
    ...extension(0, vector([0, ...vector(name)])),
    ...extension(16, vector(protocols)),
    ...extension(10, vector([0, 29, 0, 23])),
    ...extension(11, [1, 0]),
    ...extension(13, vector([4, 3, 8, 4])),
    ...extension(43, [2, 3, 4]),
  ];
  const body = [3, 3, ...Array<number>(32).fill(7), 0, ...vector([0x13, 1, 0x13, 2]), 1, 0, ...vector(extensions)];
  const message = [1, 0, ...u16(body.length), ...body];
  return Buffer.from([22, 3, 1, ...vector(message)]);
}

export const clientHello: FuzzTarget = {
  name: 'client-hello',
  seeds: [
    hello(),
    Buffer.concat([
      Buffer.from([22, 3, 1, 0, 2]),
      hello().subarray(5, 7),
      Buffer.from([22, 3, 1]),
      hello().subarray(3, 5),
    ]),
  ],
  words: [
    [22, 3, 1],
    [22, 3, 3],
    [0, 0],
    [0, 16],
    [255, 255],
    [1, 0, 0],
    [0x2a, 0x2a],
  ].map((bytes) => Buffer.from(bytes)),
  run(input) {
    const whole = parseClientHello(input);
    // A verdict on a part stands, whatever comes behind it.
    for (const at of [1, 5, 6, 9, input.length >> 1, input.length - 1]) {
      if (at < 0 || at > input.length) continue;
      const { kind } = parseClientHello(input.subarray(0, at));
      promise(kind === 'more' || kind === whole.kind, `after ${at} bytes it said ${kind}, after all ${whole.kind}`);
    }
    if (whole.kind === 'malformed') return whole.reason;
    if (whole.kind !== 'hello') return whole.kind;
    const { serverName, alpn, extensions } = whole.hello;
    return `hello ${serverName.length} ${alpn.length} ${extensions.length}`;
  },
};
