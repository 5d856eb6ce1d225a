import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { accessLogLine } from './access-log.ts';

const AT = new Date(Date.UTC(2026, 10, 5, 4, 7, 9));

function line(headers: Record<string, string>, url = '/home'): string {
  const request = { headers, method: 'GET', url, httpVersion: '1.1', socket: { remoteAddress: '10.1.2.3' } };
  return accessLogLine({ request: request as unknown as IncomingMessage, status: 200, bodyBytes: 42, at: AT });
}

test('a line is what nginx calls main', () => {
  assert.equal(
    line({ referer: 'http://a/', 'user-agent': 'curl/8', 'x-forwarded-for': '1.1.1.1, 2.2.2.2' }),
    '10.1.2.3 - - [05/Nov/2026:04:07:09 +0000] "GET /home HTTP/1.1" 200 42 "http://a/" "curl/8" "1.1.1.1, 2.2.2.2"',
  );
});

test('what is missing is a dash, and a user of basic authentication is named', () => {
  const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  assert.equal(
    line({ authorization }),
    '10.1.2.3 - ann [05/Nov/2026:04:07:09 +0000] "GET /home HTTP/1.1" 200 42 "-" "-" "-"',
  );
});

test('a client cannot forge a line or end a quote', () => {
  const text = line({ 'user-agent': 'a"\n\\b' }, '/"x');
  assert.ok(text.includes('"GET /\\x22x HTTP/1.1"'));
  assert.ok(text.includes('"a\\x22\\x0A\\x5Cb"'));
});
