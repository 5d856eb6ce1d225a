import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unifiedDiff } from './text-diff.ts';

const lines = (...all: readonly (string | number)[]): string => all.map((line) => `${line}\n`).join('');
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const CASES: readonly {
  readonly title: string;
  readonly before: string;
  readonly after: string;
  readonly diff: string;
}[] = [
  { title: 'equal texts have none', before: 'a\n', after: 'a\n', diff: '' },
  {
    title: 'a text from nothing is all added',
    before: '',
    after: lines('a', 'b'),
    diff: lines('@@ -0,0 +1,2 @@', '+a', '+b'),
  },
  { title: 'a text to nothing is all removed', before: lines('a'), after: '', diff: lines('@@ -1,1 +0,0 @@', '-a') },
  {
    title: 'three lines stand around a change',
    before: lines(...numbers(1, 9)),
    after: lines(...numbers(1, 4), 'five', ...numbers(6, 9)),
    diff: lines('@@ -2,7 +2,7 @@', ' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8'),
  },
  {
    title: 'changes far apart have a hunk each',
    before: lines(...numbers(1, 20)),
    after: lines(...numbers(2, 19)),
    diff: lines('@@ -1,4 +1,3 @@', '-1', ' 2', ' 3', ' 4', '@@ -17,4 +16,3 @@', ' 17', ' 18', ' 19', '-20'),
  },
  {
    title: 'what moved is removed and added, the shortest way',
    before: lines('a', 'b', 'c'),
    after: lines('b', 'c', 'a'),
    diff: lines('@@ -1,3 +1,3 @@', '-a', ' b', ' c', '+a'),
  },
];

for (const { title, before, after, diff } of CASES) test(title, () => assert.equal(unifiedDiff(before, after), diff));

test('texts that have little in common are shown as replaced', () => {
  const before = numbers(1, 3000).map((n) => `a${n}`);
  const after = numbers(1, 3000).map((n) => `b${n}`);
  const diff = unifiedDiff(lines(...before), lines(...after));
  assert.equal(diff.split('\n').filter((line) => line.startsWith('-')).length, 3000);
  assert.equal(diff.split('\n').filter((line) => line.startsWith('+')).length, 3000);
});
