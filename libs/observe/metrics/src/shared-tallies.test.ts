import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createTallyMemory, SharedTallies } from './shared-tallies.ts';

describe('tallies that threads share', () => {
  it('are the same for the same name', () => {
    const memory = createTallyMemory();
    const one = new SharedTallies(memory);
    const other = new SharedTallies(memory);
    assert.equal(one.get('a').add(2), 2);
    assert.equal(other.get('a').add(1), 3);
    assert.equal(other.get('b').value, 0);
    assert.equal(one.get('a').add(-3), 0);
  });

  it('keep thousands of names apart', () => {
    const tallies = new SharedTallies(createTallyMemory());
    for (let i = 0; i < 5000; i += 1) tallies.get(`n${i}`).add(i);
    for (let i = 0; i < 5000; i += 1) assert.equal(tallies.get(`n${i}`).value, i);
  });

  it('lose nothing between threads', async () => {
    const memory = createTallyMemory();
    const code = `
      import { workerData } from 'node:worker_threads';
      import { SharedTallies } from ${JSON.stringify(new URL('shared-tallies.ts', import.meta.url).href)};
      const tally = new SharedTallies(workerData).get('n');
      for (let i = 0; i < 50000; i += 1) tally.add(i % 2 === 0 ? 2 : -1);`;
    const source = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const workers = [0, 1].map(() => new Worker(source, { workerData: memory }));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    assert.equal(new SharedTallies(memory).get('n').value, 50_000);
  });
});
