import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { DrainState } from './drain-state.ts';

const HALF = 1 << 15;
const gradual = { strategy: 'gradual', timeMs: 1000, inboundOnly: false } as const;
const immediate = { strategy: 'immediate', timeMs: 1000, inboundOnly: false } as const;

describe('a drain', () => {
  it('has not begun before it is ordered', () => {
    const { clock, random } = createFakeRuntime();
    assert.equal(new DrainState(clock, random).closes, false);
  });

  it('that is gradual closes with a probability that grows to certainty', () => {
    const { clock, random } = createFakeRuntime([HALF]);
    const state = new DrainState(clock, random);
    state.begin(gradual);
    clock.advance(499);
    assert.equal(state.closes, false);
    clock.advance(2);
    assert.equal(state.closes, true);
    clock.advance(10_000);
    assert.equal(state.closes, true);
  });

  it('that is immediate closes at once, also when a gradual one is under way', () => {
    const { clock, random } = createFakeRuntime([HALF]);
    const state = new DrainState(clock, random);
    state.begin(gradual);
    assert.equal(state.closes, false);
    state.begin(immediate);
    assert.equal(state.closes, true);
    state.begin(gradual);
    assert.equal(state.closes, true);
  });

  it('that is ordered twice goes on from its first beginning', () => {
    const { clock, random } = createFakeRuntime([HALF]);
    const state = new DrainState(clock, random);
    state.begin(gradual);
    clock.advance(400);
    state.begin(gradual);
    clock.advance(200);
    assert.equal(state.closes, true);
  });
});
