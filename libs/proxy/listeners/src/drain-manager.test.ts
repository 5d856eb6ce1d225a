import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { ServerContext } from '@weft/proxy-filter-api';
import { DrainManager, type DrainSettings } from './drain-manager.ts';

function world(strategy: DrainSettings['strategy'], server: Partial<ServerContext> = {}, modifyOnly = false) {
  // Draws in turn: the middle of the drain time, then its end.
  const runtime = createFakeRuntime([500, 999]);
  const context = { draining: false, runtime, ...server } as ServerContext;
  return { runtime, drain: new DrainManager(context, { timeMs: 1000, strategy }, modifyOnly) };
}

describe('a drain', () => {
  it('closes nothing before it began', () => {
    assert.equal(world('immediate').drain.drainClose(), false);
  });

  it('closes more and more often when it is gradual, and always once its time is over', () => {
    const { drain, runtime } = world('gradual');
    drain.start();
    assert.equal(drain.drainClose(), false);
    assert.equal(drain.drainClose(), false);
    runtime.clock.advance(600);
    assert.equal(drain.drainClose(), true);
    assert.equal(drain.drainClose(), false);
    runtime.clock.advance(400);
    assert.deepEqual([drain.drainClose(), drain.drainClose()], [true, true]);
  });

  it('closes everything at once when it is immediate', () => {
    const { drain } = world('immediate');
    drain.start();
    assert.equal(drain.drainClose(), true);
  });

  it('follows the whole proxy, but not its failed health check where only changes drain it', () => {
    assert.equal(world('gradual', { draining: true }).drain.drainClose(), true);
    const failed = { draining: true, healthCheckFailed: true };
    assert.equal(world('gradual', failed).drain.drainClose(), true);
    assert.equal(world('gradual', failed, true).drain.drainClose(), false);
  });
});
