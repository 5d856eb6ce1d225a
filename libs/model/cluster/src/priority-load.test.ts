import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priorityLoads } from './priority-load.ts';

const shares = (hosts: [total: number, healthy: number, degraded?: number][], panicThreshold = 50) =>
  priorityLoads(
    hosts.map(([total, healthy, degraded = 0]) => ({ total, healthy, degraded })),
    140,
    panicThreshold,
  );

test('the first priority takes everything while enough of its hosts are healthy', () => {
  assert.deepEqual(
    shares([
      [10, 8],
      [10, 10],
    ]).map((load) => load.healthy),
    [100, 0],
  );
});

test('what the first priority cannot bear spills over to the second', () => {
  assert.deepEqual(
    shares([
      [100, 25],
      [100, 100],
    ]).map((load) => load.healthy),
    [35, 65],
  );
});

test('shares are scaled up when all priorities together bear less than everything', () => {
  const loads = shares([
    [100, 25],
    [100, 25],
  ]);
  assert.deepEqual(
    loads.map((load) => load.healthy),
    [50, 50],
  );
  assert.deepEqual(
    loads.map((load) => load.panic),
    [true, true],
  );
});

test('no priority panics while another one is well', () => {
  assert.deepEqual(
    shares([
      [10, 0],
      [10, 10],
    ]),
    [
      { healthy: 0, degraded: 0, panic: false },
      { healthy: 100, degraded: 0, panic: false },
    ],
  );
});

test('degraded hosts take what the healthy ones cannot', () => {
  assert.deepEqual(shares([[10, 5, 5]]), [{ healthy: 70, degraded: 30, panic: false }]);
});

test('with no healthy host at all every host is used, or none where panic is off', () => {
  assert.deepEqual(shares([[4, 0]]), [{ healthy: 100, degraded: 0, panic: true }]);
  assert.deepEqual(shares([[4, 0]], 0), [{ healthy: 100, degraded: 0, panic: false }]);
});

test('shares of any mix of priorities add up to 100', () => {
  for (let healthy = 0; healthy <= 7; healthy += 1) {
    const loads = shares([
      [7, healthy, 7 - healthy > 2 ? 2 : 0],
      [3, healthy % 4],
      [11, 11 - healthy],
    ]);
    assert.equal(
      loads.reduce((sum, load) => sum + load.healthy + load.degraded, 0),
      100,
    );
  }
});
