import { FakeTime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BulkGate } from './bulk-gate.ts';
import type { Pushable } from './push-queue.ts';

const MIB = 1024 * 1024;

function world(): { gate: BulkGate; time: FakeTime; turns: Pushable[]; streams: readonly Pushable[] } {
  const time = new FakeTime();
  const turns: Pushable[] = [];
  const queue = { enqueue: (stream: Pushable): void => void turns.push(stream) };
  const gate = new BulkGate({ timers: time, queue, limit: 3 * MIB, patienceMs: 1000 });
  const streams = Array.from({ length: 5 }, (): Pushable => ({ push: () => undefined }));
  return { gate, time, turns, streams };
}

test('large responses wait for room, in order, and small ones do not', () => {
  const { gate, turns, streams, time } = world();
  const [a, b, c, d] = streams as [Pushable, Pushable, Pushable, Pushable];
  const [first, second] = [{}, {}];
  assert.equal(gate.enter(a, first, 2 * MIB), true);
  assert.equal(gate.enter(b, second, MIB), true);
  assert.equal(gate.enter(c, {}, 2 * MIB), false);
  assert.equal(gate.enter(d, {}, MIB), false);
  assert.equal(gate.enter(d, {}, 1000), true);
  gate.leave(second);
  assert.deepEqual(turns, [], 'the first in the row needs more room');
  gate.leave(first);
  assert.deepEqual(turns, [c, d]);
  assert.equal(time.pending, 0);
});

test('a response that is larger than all room goes alone', () => {
  const { gate, streams } = world();
  const [a, b] = streams as [Pushable, Pushable];
  const huge = {};
  assert.equal(gate.enter(a, huge, 100 * MIB), true);
  assert.equal(gate.enter(b, {}, MIB), false);
});

test('who does not answer keeps others waiting no longer than the patience, and who is over not at all', () => {
  const { gate, turns, streams, time } = world();
  const [a, b, c] = streams as [Pushable, Pushable, Pushable];
  gate.enter(a, {}, 3 * MIB);
  gate.enter(b, {}, 3 * MIB);
  time.advance(999);
  assert.deepEqual(turns, []);
  time.advance(1);
  assert.deepEqual(turns, [b]);
  gate.enter(b, {}, 3 * MIB);
  gate.enter(c, {}, 3 * MIB);
  gate.forget(b);
  assert.deepEqual(turns, [b, c]);
  assert.equal(time.pending, 0);
});
