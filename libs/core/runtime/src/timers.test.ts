import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeTime, createFakeRuntime } from './testing.ts';
import { SystemTimers, after } from './timers.ts';
import { systemClock } from './clock.ts';

describe('system timers', () => {
  it('fire in due order, not before they are due, and never when cancelled', async () => {
    const timers = new SystemTimers(systemClock);
    const fired: string[] = [];
    const start = systemClock.nowMs();
    await new Promise<void>((resolve) => {
      after(timers, 12, () => {
        fired.push('c');
        resolve();
      });
      after(timers, 4, () => fired.push('a'));
      after(timers, 8, () => fired.push('b'));
      after(timers, 6, () => fired.push('cancelled')).cancel();
      // System timers do not keep a process alive; the test itself has to.
      const keepAlive = setInterval(() => undefined, 1000);
      after(timers, 20, () => clearInterval(keepAlive));
    });
    assert.deepEqual(fired, ['a', 'b', 'c']);
    assert.ok(systemClock.nowMs() - start >= 12);
  });

  it('may be started and cancelled from inside a timer', async () => {
    const timers = new SystemTimers(systemClock);
    const keepAlive = setInterval(() => undefined, 1000);
    const fired: string[] = [];
    await new Promise<void>((resolve) => {
      const doomed = after(timers, 10_000, () => fired.push('doomed'));
      after(timers, 2, () => {
        doomed.cancel();
        fired.push('first');
        after(timers, 2, () => {
          fired.push('second');
          resolve();
        });
      });
    });
    clearInterval(keepAlive);
    assert.deepEqual(fired, ['first', 'second']);
  });
});

describe('fake time', () => {
  it('fires what becomes due, in order, also what is started on the way', () => {
    const time = new FakeTime();
    const fired: number[] = [];
    after(time, 10, () => fired.push(time.nowMs()));
    after(time, 5, () => {
      fired.push(time.nowMs());
      after(time, 3, () => fired.push(time.nowMs()));
    });
    time.advance(9);
    assert.deepEqual(fired, [5, 8]);
    time.advance(1);
    assert.deepEqual(fired, [5, 8, 10]);
    assert.equal(time.pending, 0);
  });
});

describe('loggers', () => {
  it('write lines in the form of Envoy, by level and by name', () => {
    const { loggers, logged } = createFakeRuntime();
    loggers.get('http').info('hello');
    loggers.get('http').level = 'error';
    loggers.get('http').warning('unheard');
    loggers.setAll('off');
    loggers.get('late').error('unheard too');
    assert.equal(logged.length, 1);
    assert.match(logged[0] ?? '', /^\[2023-11-14 22:13:20\.000\]\[\d+\]\[info\]\[http\] hello\n$/);
  });
});
