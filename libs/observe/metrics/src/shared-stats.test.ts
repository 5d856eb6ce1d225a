import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { countedByOneWorker } from './counted-once.ts';
import { SharedStats, type StatAnnouncement } from './shared-stats.ts';
import { StatsStore } from './stats-store.ts';
import { adopt, SUMMED } from './summed-stats.ts';

/** A main store and two workers' stores in one thread: memory is shared all the same. */
function world() {
  const main = new StatsStore(SUMMED);
  const worker = (index: number) => {
    const shared = new SharedStats(
      (list) => adopt(main, list),
      (name) => index === 0 || !countedByOneWorker(name),
    );
    return { shared, store: new StatsStore(shared) };
  };
  return { main, workers: [worker(0), worker(1)] as const };
}

describe('stats of several workers', () => {
  it('add up when they are read', () => {
    const { main, workers } = world();
    workers.forEach(({ store, shared }, i) => {
      store.counter('http.in.downstream_rq_total').add(10 ** i);
      store.gauge('http.in.downstream_cx_active').inc();
      store.histogram('http.in.downstream_rq_time').record(5);
      shared.flush();
    });
    main.counter('http.in.downstream_rq_total').inc();
    assert.equal(main.counter('http.in.downstream_rq_total').value, 12);
    assert.equal(main.gauge('http.in.downstream_cx_active').value, 2);
    const [histogram] = main.histograms();
    assert.deepEqual([histogram?.cumulative.count, histogram?.cumulative.sum], [2, 10]);
    assert.equal(histogram?.interval.count, 0);
    main.flush();
    assert.equal(main.histograms()[0]?.interval.count, 2);
  });

  it('are told to the main thread by name when they are made, histograms with their first value', () => {
    const told: StatAnnouncement[] = [];
    const shared = new SharedStats(
      (list) => told.push(...list),
      () => true,
    );
    const store = new StatsStore(shared);
    const histogram = store.histogram('c');
    store.counter('a');
    store.counter('a');
    store.gauge('b');
    shared.flush();
    assert.deepEqual(
      told.map((one) => [one.kind, one.name, 'at' in one ? one.at : one.value]),
      [
        ['counter', 'a', 0],
        ['gauge', 'b', 1],
      ],
    );
    histogram.record(1);
    shared.flush();
    assert.deepEqual(told.at(-1)?.name, 'c');
  });

  it('outgrow a block of memory', () => {
    const { main, workers } = world();
    const [{ store, shared }] = workers;
    for (let i = 0; i < 10_000; i += 1) store.gauge(`g${i}`).set(i);
    shared.flush();
    assert.equal(main.gauge('g9999').value, 9999);
    assert.equal(main.gauges().length, 10_000);
  });

  it('of the configuration are counted once', () => {
    const { main, workers } = world();
    for (const { store, shared } of workers) {
      store.gauge('cluster.a.membership_total').set(3);
      store.counter('listener_manager.listener_added').inc();
      store.counter('listener_manager.listener_create_success').inc();
      shared.flush();
    }
    assert.equal(main.gauge('cluster.a.membership_total').value, 3);
    assert.equal(main.counter('listener_manager.listener_added').value, 1);
    assert.equal(main.counter('listener_manager.listener_create_success').value, 2);
  });

  it('are set to 0 without asking the workers', () => {
    const { main, workers } = world();
    const [{ store, shared }] = workers;
    const counter = store.counter('a');
    counter.add(5);
    shared.flush();
    main.resetCounters();
    assert.equal(main.counter('a').value, 0);
    assert.equal(main.counter('a').used, true);
    counter.inc();
    assert.equal(main.counter('a').value, 1);
  });

  it('are seen across real threads', async () => {
    const main = new StatsStore(SUMMED);
    const code = `
      import { parentPort } from 'node:worker_threads';
      import { SharedStats } from ${JSON.stringify(new URL('shared-stats.ts', import.meta.url).href)};
      const shared = new SharedStats((list) => parentPort.postMessage(list), () => true);
      const counter = shared.counter('n');
      shared.flush();
      for (let i = 0; i < 100000; i += 1) counter.inc();
      parentPort.postMessage([]);`;
    const source = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const workers = [new Worker(source), new Worker(source)];
    for (const worker of workers) worker.on('message', (list: StatAnnouncement[]) => adopt(main, list));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    assert.equal(main.counter('n').value, 200_000);
  });
});
