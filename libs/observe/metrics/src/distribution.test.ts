import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution, PERCENTILES } from './distribution.ts';
import { BUCKET_COUNT, bucketAt, bucketOf } from './log-linear.ts';
import { HistogramStat } from './numbers.ts';

function recorded(...values: number[]): Distribution {
  const histogram = new HistogramStat('h');
  for (const value of values) histogram.record(value);
  return histogram.cumulative;
}

test('every bucket begins at its own lower bound and holds the value just above it', () => {
  for (let place = 1; place < BUCKET_COUNT; place += 1) {
    const { lowerBound, width } = bucketAt(place);
    assert.equal(bucketOf(lowerBound + width / 2), place, `middle of ${lowerBound}`);
    if (lowerBound >= 1 && Number.isInteger(lowerBound)) assert.equal(bucketOf(lowerBound), place, `${lowerBound}`);
  }
});

test('odd values land in the first or the last bucket', () => {
  for (const value of [0, -1, NaN, 0.009]) assert.equal(bucketOf(value), 0);
  for (const value of [9.9e12, 1e15, Infinity]) assert.equal(bucketOf(value), BUCKET_COUNT - 1);
});

test('quantiles are those Envoy printed for the same values', () => {
  // Envoy 1.40 after six requests that took 0, 0, 0, 0, 1 and 25 ms.
  assert.deepEqual(recorded(0, 0, 0, 0, 1, 25).quantiles(), [0, 0, 0, 1.05, 25.5, 25.5, 25.5, 25.5, 25.5, 25.5]);
  // … and its connections_accepted_per_socket_event after six times 1.
  assert.deepEqual(
    recorded(1, 1, 1, 1, 1, 1)
      .quantiles()
      .slice(0, 5)
      .map((value) => value.toFixed(12)),
    [1.0142857142857142, 1.0285714285714285, 1.042857142857143, 1.0714285714285714, 1.0857142857142856].map((value) =>
      value.toFixed(12),
    ),
  );
});

test('quantiles of nothing are not numbers', () => {
  assert.deepEqual(
    recorded().quantiles(),
    PERCENTILES.map(() => NaN),
  );
});

test('a quantile is never more than ten per cent from the true value', () => {
  const values = Array.from({ length: 5000 }, (_, i) => ((i * 7919) % 5000) + 1);
  const [, p25, p50, , , , p99] = recorded(...values).quantiles();
  for (const [got, want] of [
    [p25, 1250],
    [p50, 2500],
    [p99, 4950],
  ] as const) {
    assert.ok(Math.abs((got ?? 0) - want) <= want * 0.1, `${got} for ${want}`);
  }
});

test('counts below a bound include the bucket that begins at it', () => {
  assert.deepEqual(recorded(0, 0, 0, 0, 1, 25).countsBelow([0.5, 1, 5, 10, 25, 50]), [4, 5, 5, 5, 6, 6]);
});
