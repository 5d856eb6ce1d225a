import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from '@weft/core-runtime/testing';
import { startFlushing } from './flushing.ts';
import { StatsStore } from './stats-store.ts';

test('asking for a name creates it at 0, and asking again gives the same object', () => {
  const store = new StatsStore();
  const cluster = store.root.scope('cluster.').scope('service1.');
  const total = cluster.counter('upstream_rq_total');
  total.inc();
  assert.equal(cluster.counter('upstream_rq_total'), total);
  assert.deepEqual(
    store.counters().map(({ name, value }) => [name, value]),
    [['cluster.service1.upstream_rq_total', 1]],
  );
  assert.equal(store.gauge('server.live').value, 0);
});

test('stats come sorted by name whatever the order of their creation', () => {
  const store = new StatsStore();
  for (const name of ['b', 'a', 'cluster_manager.x', 'cluster.x']) store.counter(name);
  assert.deepEqual(
    store.counters().map((counter) => counter.name),
    ['a', 'b', 'cluster.x', 'cluster_manager.x'],
  );
});

test('resetting sets counters to 0, leaves gauges, and still knows what was used', () => {
  const store = new StatsStore();
  store.counter('moved').add(3);
  store.counter('still');
  store.gauge('level').set(7);
  store.resetCounters();
  assert.equal(store.counter('moved').value, 0);
  assert.equal(store.counter('moved').used, true);
  assert.equal(store.counter('still').used, false);
  assert.equal(store.gauge('level').value, 7);
});

test('a gauge that came back to 0 counts as used', () => {
  const gauge = new StatsStore().gauge('active');
  assert.equal(gauge.used, false);
  gauge.inc();
  gauge.dec();
  assert.equal(gauge.value, 0);
  assert.equal(gauge.used, true);
});

test('removing a prefix forgets its stats and no others', () => {
  const store = new StatsStore();
  store.counter('cluster.a.x');
  store.gauge('cluster.a.y');
  store.histogram('cluster.a.z');
  store.counter('cluster.ab.x');
  store.remove('cluster.a.');
  assert.deepEqual(
    [...store.counters(), ...store.gauges(), ...store.histograms()].map((stat) => stat.name),
    ['cluster.ab.x'],
  );
});

test('the interval of a histogram is what was recorded between two flushes', () => {
  const time = new FakeTime();
  const store = new StatsStore();
  const stop = startFlushing(store, time);
  const histogram = store.histogram('time');
  histogram.record(1);
  assert.equal(histogram.interval.count, 0);
  assert.equal(histogram.cumulative.count, 1);
  time.advance(5000);
  assert.equal(histogram.interval.count, 1);
  histogram.record(2);
  histogram.record(3);
  time.advance(5000);
  assert.equal(histogram.interval.count, 2);
  assert.equal(histogram.interval.sum, 5);
  assert.equal(histogram.cumulative.count, 3);
  time.advance(5000);
  assert.equal(histogram.interval.count, 0);
  stop();
  assert.equal(time.pending, 0);
});
