import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOCK_SKEW_MS, advanceRoots, announceRoot, nextChangeMs, type Root } from './root.ts';

const FIRST: Root = {
  id: 'first',
  phase: 'signing',
  certificate: '',
  notAfterMs: 1e12,
  signsFromMs: undefined,
  lastLeafMs: 1_000_000,
  given: false,
};
const { phase: _, signsFromMs: __, ...BARE } = { ...FIRST, id: 'second', lastLeafMs: 0 };

test('a new root signs when the last leaf given out without it has expired', () => {
  const roots = announceRoot([FIRST], BARE);
  const due = 1_000_000 + CLOCK_SKEW_MS;
  assert.equal(nextChangeMs(roots), due);
  assert.equal(advanceRoots(roots, due - 1), roots);
  const moved = advanceRoots(roots, due).map(({ id, phase }) => `${id} ${phase}`);
  // The first has no leaf left that lives, so it goes with the same step.
  assert.deepEqual(moved, ['second signing']);
});

test('the old root stays in the bundle until its last leaf has expired', () => {
  const announced = announceRoot([FIRST], BARE);
  const renewed = announced.map((root) => (root.id === 'first' ? { ...root, lastLeafMs: 9_000_000 } : root));
  const moved = advanceRoots(renewed, 2_000_000);
  assert.deepEqual(
    moved.map(({ id, phase }) => `${id} ${phase}`),
    ['first retiring', 'second signing'],
  );
  const gone = 9_000_000 + CLOCK_SKEW_MS;
  assert.equal(nextChangeMs(moved), gone);
  assert.equal(advanceRoots(moved, gone - 1), moved);
  assert.deepEqual(
    advanceRoots(moved, gone).map(({ id }) => id),
    ['second'],
  );
});

test('without any leaf the exchange is immediate, and a root alone waits for nothing', () => {
  assert.equal(announceRoot([{ ...FIRST, lastLeafMs: 0 }], BARE).at(-1)?.signsFromMs, 0);
  assert.equal(nextChangeMs([FIRST]), Infinity);
});
