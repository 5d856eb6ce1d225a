import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSpiffeId, parseSpiffeId } from './spiffe-id.ts';

test('a SPIFFE id is a trust domain and a path', () => {
  for (const text of ['spiffe://a', 'spiffe://cluster.local/ns/a/sa/b', 'spiffe://a_b-c.d/X/..y/z.'])
    assert.equal(formatSpiffeId(mustParse(text)), text);
  assert.deepEqual(mustParse('spiffe://a/b/c'), { trustDomain: 'a', path: '/b/c' });
});

test('what is not exactly a SPIFFE id is refused with the reason', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /does not begin with spiffe/],
    ['SPIFFE://a/b', /does not begin with spiffe/],
    ['https://a/b', /does not begin with spiffe/],
    ['spiffe://', /trust domain is empty/],
    ['spiffe:///ns/a', /trust domain is empty/],
    ['spiffe://A/b', /"A" is not a trust domain/],
    ['spiffe://a:80/b', /"a:80" is not a trust domain/],
    ['spiffe://u@a/b', /"u@a" is not a trust domain/],
    ['spiffe://a%41/b', /is not a trust domain/],
    ['spiffe://a?x', /is not a trust domain/],
    [`spiffe://${'a'.repeat(256)}/b`, /256 characters/],
    ['spiffe://a/', /segment of its path is empty/],
    ['spiffe://a//b', /segment of its path is empty/],
    ['spiffe://a/b/', /segment of its path is empty/],
    ['spiffe://a/./b', /relative segment/],
    ['spiffe://a/../b', /relative segment/],
    ['spiffe://a/b?c', /"b\?c" holds something else/],
    ['spiffe://a/b#c', /holds something else/],
    ['spiffe://a/%62', /holds something else/],
    ['spiffe://a/b\0', /holds something else/],
    ['spiffe://a/b\n', /holds something else/],
    ['spiffe://a/é', /holds something else/],
    [`spiffe://a/${'b'.repeat(2048)}`, /2048 are allowed/],
  ];
  for (const [text, reason] of table) {
    const parsed = parseSpiffeId(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.fault, reason);
  }
});

function mustParse(text: string): { trustDomain: string; path: string } {
  const parsed = parseSpiffeId(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.fault);
  return parsed.value;
}
