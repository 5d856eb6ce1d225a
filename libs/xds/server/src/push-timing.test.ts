import { FakeTime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Debouncer, PushQueue } from './index.ts';
import { NO_METRICS } from './server-metrics.ts';

function debouncer(): { time: FakeTime; pushes: string[]; debouncer: Debouncer } {
  const time = new FakeTime();
  const pushes: string[] = [];
  const made = new Debouncer({ timers: time, clock: time, metrics: NO_METRICS }, (reasons) =>
    pushes.push(`${String(time.nowMs())} ${[...reasons].join(' ')}`),
  );
  return { time, pushes, debouncer: made };
}

test('changes gather until nothing changed for 100 ms', () => {
  const { time, pushes, debouncer: made } = debouncer();
  made.trigger('a');
  time.advance(60);
  made.trigger('b');
  time.advance(60);
  made.trigger('a');
  time.advance(99);
  assert.deepEqual(pushes, []);
  time.advance(1);
  assert.deepEqual(pushes, ['220 a b']);
  time.advance(10_000);
  assert.equal(pushes.length, 1);
  assert.equal(time.pending, 0);
});

test('changes that never end are pushed after 10 s', () => {
  const { time, pushes, debouncer: made } = debouncer();
  for (let at = 0; at < 210; at += 1) {
    made.trigger('churn');
    time.advance(50);
  }
  assert.deepEqual(pushes, ['10000 churn']);
});

test('a flush does not wait, and a closed debouncer pushes nothing', () => {
  const { time, pushes, debouncer: made } = debouncer();
  made.trigger('a');
  made.flush();
  made.flush();
  made.trigger('b');
  made.close();
  time.advance(20_000);
  assert.deepEqual(pushes, ['0 a']);
});

test('a proxy waits once, and the queue gives the event loop its turn between batches', () => {
  const time = new FakeTime();
  const pushed: number[] = [];
  const queue = new PushQueue({ timers: time, clock: time, metrics: NO_METRICS, concurrency: 2 });
  const pushables = [1, 2, 3, 4, 5].map((id) => ({ push: () => void pushed.push(id) }));
  for (const pushable of [...pushables, ...pushables]) queue.enqueue(pushable);
  queue.remove(pushables[3] as { push: () => undefined });
  assert.equal(queue.length, 4);
  time.advance(0);
  assert.deepEqual(pushed, [1, 2, 3, 5]);
  assert.equal(queue.length, 0);
  assert.equal(time.pending, 0);
});
