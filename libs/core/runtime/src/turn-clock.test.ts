import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeTime } from './testing.ts';
import { systemClock } from './clock.ts';
import { TurnClock } from './turn-clock.ts';

test('A turn has one time, the next turn its own', () => {
  const time = new FakeTime();
  const ends: (() => void)[] = [];
  const clock = new TurnClock(time, (task) => void ends.push(task));
  const first = { now: clock.nowMs(), wall: clock.wallMs() };
  time.advance(5);
  assert.deepEqual({ now: clock.nowMs(), wall: clock.wallMs() }, first);
  assert.equal(ends.length, 1, 'its end is waited for once');
  ends.shift()?.();
  assert.deepEqual({ now: clock.nowMs(), wall: clock.wallMs() }, { now: first.now + 5, wall: first.wall + 5 });
  assert.equal(ends.length, 1);
});

test('The time that nobody asked for in a turn is looked at when somebody does', () => {
  const time = new FakeTime();
  const clock = new TurnClock(time, () => undefined);
  const now = clock.nowMs();
  time.advance(5);
  assert.equal(clock.wallMs(), time.wallMs());
  assert.equal(clock.nowMs(), now);
});

test('Turns end by themselves', async () => {
  const clock = new TurnClock(systemClock);
  const before = clock.nowMs();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(clock.nowMs() > before);
});
