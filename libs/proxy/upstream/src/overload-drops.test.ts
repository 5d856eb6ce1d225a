import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { OverloadDrops } from './overload-drops.ts';
import { NO_FLAGS } from './testing.ts';

const MOST = 2 ** 32 - 1;
const limitedTo = (percent: number) => ({ ...NO_FLAGS, integer: () => percent });

test('a policy drops its share of the requests, and they count by category', () => {
  const drops = new OverloadDrops(NO_FLAGS, createFakeRuntime([0, 2 ** 31 - 1, 2 ** 31, MOST]).random);
  const half = { category: 'spill', ratio: 0.5 };
  assert.deepEqual(
    Array.from({ length: 4 }, () => drops.judge(half)),
    ['this', 'this', undefined, undefined],
  );
  assert.deepEqual([...drops.counts], [['spill', 2]]);
});

test('a policy may drop all, or none', () => {
  const drops = new OverloadDrops(NO_FLAGS, createFakeRuntime([0, MOST]).random);
  assert.equal(drops.judge({ category: 'all', ratio: 1 }), 'all');
  assert.equal(drops.judge({ category: 'none', ratio: 0 }), undefined);
  assert.deepEqual([...drops.counts], [['all', 1]]);
});

test('the runtime limits what a policy may drop', () => {
  const { random } = createFakeRuntime([0, 2 ** 31]);
  const limited = new OverloadDrops(limitedTo(50), random);
  const all = { category: 'all', ratio: 1 };
  assert.deepEqual([limited.judge(all), limited.judge(all)], ['this', undefined]);
  assert.equal(new OverloadDrops(limitedTo(0), random).judge(all), undefined);
  // No percentage, so none that limits.
  assert.equal(new OverloadDrops(limitedTo(101), random).judge(all), 'all');
});
