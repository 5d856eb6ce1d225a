import { parseProxyHeader, recogniseHttp } from '@weft/proxy-listener-filters';
import { latin1, promise, type FuzzTarget } from '../target.ts';

const V2 = latin1('\r\n\r\n\0\r\nQUIT\n');
const v2 = (command: number, family: number, body: readonly number[]): Buffer =>
  Buffer.concat([V2, Buffer.from([0x20 | command, family, body.length >> 8, body.length & 255, ...body])]);
const IPV4 = [127, 0, 0, 1, 127, 0, 0, 2, 0, 80, 1, 187];

/** What listener filters read ahead of everything else: PROXY headers, and the first line of HTTP. */
export const proxyHeader: FuzzTarget = {
  name: 'proxy-header',
  seeds: [
    latin1('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET / HTTP/1.1\r\n'),
    latin1('PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 1 65535\r\n'),
    latin1('PROXY UNKNOWN what ever\r\n'),
    v2(1, 0x11, IPV4),
    v2(1, 0x21, [...Array<number>(32).fill(1), 0, 80, 0, 81]),
    v2(1, 0x11, [...IPV4, 1, 0, 2, 104, 50, 0x20, 0, 5, 1, 0, 0, 0, 0]),
    v2(0, 0, []),
  ],
  words: [
    latin1('PROXY '),
    latin1('TCP4 '),
    latin1('TCP6 '),
    latin1('UNKNOWN'),
    latin1('\r\n'),
    latin1(' '),
    latin1('65536'),
    latin1('::'),
    V2,
  ],
  run(input) {
    const whole = parseProxyHeader(Buffer.from(input));
    for (const at of [1, 6, 12, 13, 16, 28, input.length >> 1, input.length - 1]) {
      if (at < 0 || at > input.length) continue;
      const { kind } = parseProxyHeader(Buffer.from(input.subarray(0, at)));
      promise(kind === 'more' || kind === whole.kind, `after ${at} bytes it said ${kind}, after all ${whole.kind}`);
    }
    recogniseHttp(Buffer.from(input));
    if (whole.kind === 'broken') return whole.reason;
    if (whole.kind !== 'header') return whole.kind;
    const { bytes, addresses, tlvs } = whole.header;
    promise(bytes <= input.length, 'a header takes no more than there is');
    for (const { port } of addresses === undefined ? [] : [addresses.source, addresses.destination])
      promise(Number.isInteger(port) && port >= 0 && port <= 65535, `a port of ${port}`);
    return `header ${whole.header.version} ${addresses === undefined} ${tlvs.map(({ type }) => type).join()}`.slice(
      0,
      60,
    );
  },
};
