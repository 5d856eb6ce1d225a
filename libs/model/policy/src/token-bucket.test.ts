import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from '@weft/core-runtime/testing';
import { TokenBucket } from './token-bucket.ts';

test('A bucket is full at first, and a token comes back as soon as it is due', () => {
  const clock = new FakeTime();
  const bucket = new TokenBucket({ maxTokens: 2, tokensPerFill: 2, fillIntervalMs: 1000 }, clock);
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [true, true, false]);
  clock.advance(499);
  assert.equal(bucket.take(), false);
  clock.advance(1);
  assert.deepEqual([bucket.take(), bucket.take()], [true, false]);
});

test('A bucket never holds more than it may', () => {
  const clock = new FakeTime();
  const bucket = new TokenBucket({ maxTokens: 1, tokensPerFill: 5, fillIntervalMs: 50 }, clock);
  clock.advance(1_000_000);
  assert.deepEqual([bucket.take(), bucket.take()], [true, false]);
  const none = new TokenBucket({ maxTokens: 0, tokensPerFill: 1, fillIntervalMs: 50 }, clock);
  assert.equal(none.take(), false);
});
