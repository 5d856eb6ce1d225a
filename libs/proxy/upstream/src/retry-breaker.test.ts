import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNullScope } from '@weft/core-stats';
import type { Thresholds } from '@weft/model-cluster';
import { ResourceLimits } from './resource-limits.ts';

const THRESHOLDS: Thresholds = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 2,
  maxConnectionsPerHost: Infinity,
  maxConnectionPools: Infinity,
  retryBudget: undefined,
  trackRemaining: true,
};

test('retries have a limit of their own, and gauges that show it', () => {
  const scope = createNullScope();
  const { retries } = new ResourceLimits(THRESHOLDS, scope);
  assert.deepEqual([retries.tryAcquire(), retries.tryAcquire(), retries.tryAcquire()], [true, true, false]);
  assert.deepEqual([scope.gauge('rq_retry_open').value, scope.gauge('remaining_retries').value], [1, 0]);
  retries.release();
  assert.deepEqual([scope.gauge('rq_retry_open').value, scope.gauge('remaining_retries').value], [0, 1]);
  assert.equal(retries.tryAcquire(), true);
});

test('a retry budget grows with the requests under way', () => {
  const scope = createNullScope();
  const limits = new ResourceLimits(
    { ...THRESHOLDS, retryBudget: { budgetPercent: 20, minRetryConcurrency: 1 } },
    scope,
  );
  const { retries } = limits;
  assert.deepEqual([retries.tryAcquire(), retries.tryAcquire()], [true, false]);
  for (let i = 0; i < 15; i += 1) limits.requests.inc();
  assert.deepEqual([retries.tryAcquire(), retries.tryAcquire(), retries.tryAcquire()], [true, true, false]);
  assert.equal(scope.gauge('rq_retry_open').value, 1);
});

test('a limit of 0 is open from the start', () => {
  const scope = createNullScope();
  const { retries, requests } = new ResourceLimits({ ...THRESHOLDS, maxRetries: 0, maxRequests: 0 }, scope);
  assert.equal(retries.tryAcquire(), false);
  assert.equal(requests.canCreate, false);
  assert.equal(scope.gauge('rq_open').value, 1);
});
