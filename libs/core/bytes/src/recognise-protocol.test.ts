import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recogniseProtocol } from './recognise-protocol.ts';

const KNOWN: readonly (readonly [string, string | undefined])[] = [
  ['\x16\x03\x01\x02\x00\x01', 'TLS ClientHello'],
  ['\x15\x03\x03\x00\x02\x02\x28', 'TLS alert'],
  ['GET / HTTP/1.1\r\n', 'HTTP/1.x request'],
  ['OPTIONS * HTTP/1.1\r\n', 'HTTP/1.x request'],
  ['CONNECT a.test:443 HTTP/1.1\r\n', 'HTTP/1.x request'],
  ['GET http://a.test/ HTTP/1.1', 'HTTP/1.x request'],
  ['HTTP/1.1 200 OK\r\n', 'HTTP/1.x response'],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP/2 preface'],
  ['PRI * ', 'HTTP/2 preface'],
  ['SSH-2.0-OpenSSH_9', 'SSH'],
  ['PROXY TCP4 1.2.3.4', 'PROXY protocol'],
  ['\r\n\r\n\0\r\nQUIT\n!', 'PROXY protocol'],
  ['220 mail.test ESMTP', 'SMTP or FTP greeting'],
  ['*1\r\n$4\r\nPING\r\n', 'Redis'],
  ['hello there', undefined],
  ['\x16', undefined],
  ['', undefined],
];

test('protocols are named by their first bytes', () => {
  for (const [bytes, name] of KNOWN)
    assert.equal(recogniseProtocol(Buffer.from(bytes, 'latin1')), name, JSON.stringify(bytes));
});
