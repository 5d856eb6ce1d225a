import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  call,
  CertificateAuthority,
  openIdleConnections,
  residentBytes,
  SoakWorld,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const IDLE_CONNECTIONS = 1000;
/** A connection with its codec, the socket of Node included; measured are 15 to 25 KiB. */
const IDLE_BYTES_EACH = 48 * 1024;
const SECONDS = 5;

/** `npm run conformance -- idle` holds 10,000 connections, `npm run conformance -- soak` runs for a quarter of an hour. */
describe('a proxy under load', () => {
  let ca: CertificateAuthority;
  let world: SoakWorld;
  let proxy: RunningProxy;
  before(async () => {
    ca = new CertificateAuthority();
    world = await SoakWorld.start(ca);
    proxy = await startWeft({ bootstrap: world.bootstrap() });
  });
  after(async () => {
    await proxy?.stop();
    world?.stop();
    ca?.remove();
  });

  it('answers everything right while connections of every protocol come and go', async () => {
    const result = await world.run(proxy, { seconds: SECONDS, perSecond: Infinity, sampleSeconds: 1 });
    assert.deepEqual([...result.errors], []);
    assert.ok(result.requests > 100, `${result.requests} requests`);
    assert.ok(result.connections > 20, `${result.connections} connections`);
    for (const gauge of [
      'http.soak.downstream_rq_active',
      'cluster.http1.upstream_rq_active',
      'cluster.http2.upstream_rq_active',
    ])
      await proxy.statReaches(gauge, (value) => value === 0);
    await proxy.statReaches('http.soak.downstream_cx_active', (value) => value === 0);
    const stats = await proxy.stats('http.soak.downstream_rq_');
    assert.equal(stats.get('http.soak.downstream_rq_2xx'), result.requests);
    assert.equal(stats.get('http.soak.downstream_rq_5xx'), 0);
  });

  it('holds a thousand idle connections in little memory, and still answers', async () => {
    const port = proxy.port('HTTP/1.1');
    const before = residentBytes(proxy.process.pid);
    const connections = await openIdleConnections(port, IDLE_CONNECTIONS);
    try {
      await proxy.statReaches('http.soak.downstream_cx_active', (value) => value === IDLE_CONNECTIONS);
      const each = (residentBytes(proxy.process.pid) - before) / IDLE_CONNECTIONS;
      assert.ok(each < IDLE_BYTES_EACH, `${each} bytes for each`);
      assert.equal((await call({ port })).status, 200);
      assert.equal(connections.alive(), IDLE_CONNECTIONS);
    } finally {
      connections.close();
    }
    await proxy.statReaches('http.soak.downstream_cx_active', (value) => value === 0);
  });
});
