import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ipv6Text, parseProxyHeader, type ProxyHeaderResult } from './parse-proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** A version 2 header: command, family, and the rest in hex. */
const v2 = (command: string, family: string, body: string): Buffer =>
  Buffer.from(SIGNATURE + command + family + (body.length / 2).toString(16).padStart(4, '0') + body, 'hex');
const V4 = '0102030405060708' + '1f90' + '01bb';
const V6 = '20010db8000000000000000000000001' + '00000000000000000000000000000000' + '0001' + 'ffff';

const show = (result: ProxyHeaderResult): string => {
  if (result.kind === 'broken') return `broken: ${result.reason}`;
  if (result.kind !== 'header') return result.kind;
  const { addresses, tlvs, bytes, version } = result.header;
  const where = addresses === undefined ? 'own' : `${addresses.source.text} > ${addresses.destination.text}`;
  return [version, bytes, where, ...tlvs.map(({ type, value }) => `${type}=${value.toString()}`)].join(' ');
};

const rows: [Buffer, string][] = [
  [Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 8080 443\r\nGET /'), 'v1 37 1.2.3.4:8080 > 5.6.7.8:443'],
  [Buffer.from('PROXY TCP6 2001:db8::1 :: 1 65535\r\n'), 'v1 35 [2001:db8::1]:1 > [::]:65535'],
  [Buffer.from('PROXY UNKNOWN\r\n'), 'v1 15 own'],
  [Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'), 'v1 31 own'],
  [Buffer.from('PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n'), 'broken: its protocol is none of TCP4, TCP6 and UNKNOWN'],
  [Buffer.from('PROXY TCP4 ::1 5.6.7.8 1 2\r\n'), 'broken: an address is not one of TCP4'],
  [Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n'), 'broken: it does not end in two ports'],
  [Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n'), 'broken: it does not end in two ports'],
  [Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`), 'broken: its line does not end'],
  [Buffer.from('GET / HTTP/1.1\r\n'), 'none'],
  [Buffer.from('PROXI'), 'none'],
  [v2('21', '11', V4), 'v2 28 1.2.3.4:8080 > 5.6.7.8:443'],
  [v2('21', '12', V4), 'v2 28 1.2.3.4:8080 > 5.6.7.8:443'],
  [v2('21', '21', V6), 'v2 52 [2001:db8::1]:1 > [::]:65535'],
  [v2('21', '11', `${V4}020003616263${'ea'}0000`), 'v2 37 1.2.3.4:8080 > 5.6.7.8:443 2=abc 234='],
  [v2('20', '00', ''), 'v2 16 own'],
  [v2('20', '11', V4), 'v2 28 own'],
  [v2('11', '11', V4), 'broken: its version is not 2'],
  [v2('22', '11', V4), 'broken: its command is neither LOCAL nor PROXY'],
  [v2('21', '10', V4), 'broken: its transport is neither STREAM nor DGRAM'],
  [v2('21', '31', V4), 'broken: its address family is neither IPv4 nor IPv6'],
  [v2('21', '21', V4), 'broken: it is too short for its addresses'],
  [v2('21', '11', `${V4}0200`), 'broken: a TLV is cut'],
  [v2('21', '11', `${V4}020004616263`), 'broken: a TLV is cut'],
];

describe('the PROXY protocol', () => {
  for (const [bytes, wanted] of rows)
    it(`reads ${JSON.stringify(bytes.toString('latin1').slice(0, 50))} as ${wanted}`, () => {
      assert.equal(show(parseProxyHeader(bytes)), wanted);
    });

  it('judges no part otherwise than the whole', () => {
    for (const [bytes, wanted] of rows)
      for (let cut = 0; cut < bytes.length; cut += 1) {
        const early = show(parseProxyHeader(bytes.subarray(0, cut)));
        if (early !== 'more') assert.equal(early, wanted, `at ${cut}`);
      }
  });

  it('reads only the versions it is told to', () => {
    assert.equal(parseProxyHeader(v2('20', '00', ''), { v1: true, v2: false }).kind, 'none');
    assert.equal(parseProxyHeader(Buffer.from('PROXY UNKNOWN\r\n'), { v1: false, v2: true }).kind, 'none');
  });

  it('writes IPv6 addresses in their short form', () => {
    for (const text of ['::', '::1', '1::', 'a:b::c', '1:0:2:3:4:5:6:7', '1:2:3:4:5:6:7:8', '1:0:0:2::3']) {
      const groups = text.includes('::') ? expand(text) : text.split(':');
      assert.equal(ipv6Text(Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')), text);
    }
  });
});

function expand(text: string): string[] {
  const [head = '', tail = ''] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
}
