import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globTest } from './glob.ts';

const CASES: readonly (readonly [pattern: string, key: string, matches: boolean])[] = [
  ['*', '', true],
  ['*', 'a\nb', true],
  ['a*', 'ba', false],
  ['h?llo', 'hello', true],
  ['h?llo', 'hllo', false],
  ['h[ae]llo', 'hallo', true],
  ['h[ae]llo', 'hillo', false],
  ['h[^e]llo', 'hello', false],
  ['h[a-b]llo', 'hbllo', true],
  ['a.c', 'abc', false],
  ['a\\*c', 'a*c', true],
  ['a\\*c', 'abc', false],
  ['a[', 'a[', true],
  ['(a|b)', 'a', false],
];

for (const [pattern, key, matches] of CASES)
  test(`${pattern} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(key)}`, () => {
    assert.equal(globTest(pattern)(key), matches);
  });
