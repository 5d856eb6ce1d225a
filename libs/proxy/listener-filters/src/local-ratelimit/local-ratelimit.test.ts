import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFilterWorld, feed } from '../accepted.testing.ts';
import { listenerRateLimitFactory } from './local-ratelimit.ts';

const bucket = { maxTokens: 2, tokensPerFill: 1, fillIntervalMs: 1000 };

describe('the local_ratelimit listener filter', () => {
  it('closes connections that come too fast, and takes new ones once the bucket fills', () => {
    const { prepared, runtime, count } = createFilterWorld(listenerRateLimitFactory, {
      statPrefix: 'a',
      bucket,
      enabled: undefined,
    });
    const accept = () => feed((cx) => prepared.create(cx)).passed;
    assert.deepEqual([accept(), accept(), accept()], [true, true, false]);
    assert.equal(count('listener_local_ratelimit.a.rate_limited'), 1);
    runtime.clock.advance(999);
    assert.equal(accept(), false);
    runtime.clock.advance(1);
    assert.deepEqual([accept(), accept()], [true, false]);
  });

  it('limits nothing while the runtime says so', () => {
    const { prepared } = createFilterWorld(listenerRateLimitFactory, {
      statPrefix: 'a',
      bucket: { ...bucket, maxTokens: 0 },
      enabled: { key: 'k', otherwise: false },
    });
    assert.ok(feed((cx) => prepared.create(cx)).passed);
  });
});
