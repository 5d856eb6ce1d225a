import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutageWorld } from '@weft/testing-harness';

describe('a control plane that is killed under load, and comes back', () => {
  it('costs no request and no certificate, though renewals fall into it, and leaves the same state', async (t) => {
    const result = await OutageWorld.run({ sidecar: [], perSecond: 200, seconds: 3 });
    t.diagnostic(`${result.requests} requests, away for ${result.outageSeconds.toFixed(1)} s`);
    assert.deepEqual([...result.failures], []);
    assert.deepEqual([...result.bodies.keys()], ['echo']);
    assert.ok(result.failedRenewals >= 2, 'both workloads asked in vain');
    assert.ok(result.leastLifeSeconds > 0, `the next certificate came ${-result.leastLifeSeconds} s late`);
    for (const { before, after } of result.states) assert.deepEqual(JSON.parse(after), JSON.parse(before));
  });
});
