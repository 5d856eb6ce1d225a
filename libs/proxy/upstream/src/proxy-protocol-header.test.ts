import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketAddress } from '@weft/core-http';
import { localProxyHeader, proxyHeader } from './proxy-protocol-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const four = [socketAddress('192.0.2.1', 40000), socketAddress('198.51.100.7', 443)] as const;
const six = [socketAddress('2001:db8::1', 40000), socketAddress('::ffff:192.0.2.9', 443)] as const;

test('version 1 is a line of text', () => {
  assert.equal(proxyHeader('V1', ...four).toString(), 'PROXY TCP4 192.0.2.1 198.51.100.7 40000 443\r\n');
  assert.equal(
    proxyHeader('V1', socketAddress('2001:db8::1', 1), socketAddress('::1', 2)).toString(),
    'PROXY TCP6 2001:db8::1 ::1 1 2\r\n',
  );
});

test('version 2 is binary, for both families', () => {
  assert.equal(proxyHeader('V2', ...four).toString('hex'), `${SIGNATURE}2111000cc0000201c63364079c4001bb`);
  assert.equal(
    proxyHeader('V2', ...six).toString('hex'),
    `${SIGNATURE}21210024${'20010db8000000000000000000000001'}${'00000000000000000000ffffc0000209'}9c4001bb`,
  );
});

test('clients without an IP address, and pairs of two families, are told as unknown', () => {
  const unix = { ip: '/run/x', port: 0, text: '/run/x' };
  assert.equal(proxyHeader('V1', unix, four[1]).toString(), 'PROXY UNKNOWN\r\n');
  assert.equal(proxyHeader('V1', four[0], six[0]).toString(), 'PROXY UNKNOWN\r\n');
  assert.equal(proxyHeader('V2', unix, four[1]).toString('hex'), `${SIGNATURE}20000000`);
  assert.equal(localProxyHeader('V2').toString('hex'), `${SIGNATURE}20000000`);
});
