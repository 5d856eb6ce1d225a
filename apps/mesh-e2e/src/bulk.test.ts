import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BULK_PAIRS, BulkWorld, CertificateAuthority, startWeft, type RunningProxy } from '@weft/testing-harness';

const MIB = 1 << 20;
const BYTES = 128 * MIB;
/** Windows of HTTP/2 streams (16 MiB each way) and 1 MiB at each watermark; the rest is V8's, which frees when it likes. */
const BOUND_BYTES = (2 * 16 + 4 * 1 + 60) * MIB;

/** `npm run conformance -- bulk` sends 1 GiB. */
describe('128 MiB through the proxy', () => {
  let ca: CertificateAuthority;
  let world: BulkWorld;
  let proxy: RunningProxy;
  before(async () => {
    ca = new CertificateAuthority();
    world = await BulkWorld.start(ca);
    proxy = await startWeft({ bootstrap: world.bootstrap() });
  });
  after(async () => {
    await proxy?.stop();
    await world?.stop();
    ca?.remove();
  });

  for (const pair of BULK_PAIRS)
    it(`goes up and down ${pair.name} whole, past a reader that stops, in little memory`, async () => {
      await world.warmUp(proxy, pair, 16 * MIB);
      for (const way of ['up', 'down'] as const) {
        const { bytes, intact, growthBytes } = await world[way](proxy, pair, BYTES);
        assert.deepEqual({ bytes, intact }, { bytes: BYTES, intact: true }, way);
        assert.ok(growthBytes < BOUND_BYTES, `${way}: resident memory grew by ${growthBytes / MIB} MiB`);
      }
      const stats = await proxy.stats(`\\.${pair.name}\\..*flow_control`);
      const of = (name: string): number => stats.get(name) ?? assert.fail(name);
      const cluster = `cluster.${pair.name}.upstream_flow_control`;
      const client = `http.${pair.name}.downstream_flow_control`;
      assert.equal(of(`${cluster}_drained_total`), of(`${cluster}_backed_up_total`));
      assert.equal(of(`${cluster}_resumed_reading_total`), of(`${cluster}_paused_reading_total`));
      assert.equal(of(`${client}_resumed_reading_total`), of(`${client}_paused_reading_total`));
    });
});
