import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialBounds } from './binomial.ts';

test('a fair coin thrown ten times', () => {
  // P(X = 0) = 1/1024, P(X <= 1) = 11/1024.
  assert.deepEqual(binomialBounds(10, 0.5, 0.001), { least: 1, most: 9 });
  assert.deepEqual(binomialBounds(10, 0.5, 0.0009), { least: 0, most: 10 });
  assert.deepEqual(binomialBounds(10, 0.5, 0.011), { least: 2, most: 8 });
});

test('what is certain has no room', () => {
  assert.deepEqual(binomialBounds(500, 1, 1e-4), { least: 500, most: 500 });
  assert.deepEqual(binomialBounds(500, 0, 1e-4), { least: 0, most: 0 });
});

test('complete pages of a flaky catalog without retries', () => {
  assert.deepEqual(binomialBounds(500, (2 / 3) ** 9, 1e-4), { least: 2, most: 28 });
});

test('large counts neither overflow nor vanish', () => {
  const { least, most } = binomialBounds(100_000, 0.5, 1e-4);
  assert.ok(least > 49_300 && least < 49_500 && most > 50_500 && most < 50_700, `${least} to ${most}`);
});
