import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  envoyProgram,
  OrderingWorld,
  startEnvoy,
  startWeft,
  type RunningProxy,
  type XdsForm,
} from '@weft/testing-harness';

const PER_SECOND = 1000;
const ENDPOINT_CHANGES = 1000;

/** Who runs, how the stream speaks, and how many changes of endpoints that takes. Envoy is there for reference. */
const CASES: readonly { readonly peer: 'weft' | 'envoy'; readonly form: XdsForm; readonly changes: number }[] = [
  { peer: 'weft', form: 'sotw', changes: ENDPOINT_CHANGES },
  { peer: 'weft', form: 'delta', changes: ENDPOINT_CHANGES },
  { peer: 'envoy', form: 'delta', changes: ENDPOINT_CHANGES / 10 },
];

for (const { peer, form, changes } of CASES)
  describe(`${peer} under our xDS server, ${form}, at ${PER_SECOND} requests a second`, () => {
    let world: OrderingWorld;
    let proxy: RunningProxy;
    before(async () => {
      world = await OrderingWorld.start();
      proxy = await start(peer, world.bootstrap(form));
    });
    after(async () => {
      await proxy?.stop();
      await world?.stop();
    });

    it(`loses no request while endpoints change ${changes} times and routes move to new clusters`, async () => {
      const result = await world.run(proxy, { perSecond: PER_SECOND, endpointChanges: changes });
      assert.deepEqual([...result.failures], []);
      assert.deepEqual(result.violations, [], 'the recorded stream is make before break');
      assert.deepEqual(result.refusals, []);
      assert.equal(result.moves, changes / 10);
      assert.equal(result.bodies.size, 4, 'every upstream was used');
    });
  });

async function start(peer: 'weft' | 'envoy', bootstrap: object): Promise<RunningProxy> {
  if (peer === 'weft') return startWeft({ bootstrap });
  const envoy = await envoyProgram();
  return startEnvoy(envoy, { bootstrap });
}
