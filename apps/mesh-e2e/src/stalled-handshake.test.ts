// A client of TLS that connects and says nothing: what Weft and a real Envoy with the same bootstrap count meanwhile, and
// when it has gone, has to be the same.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import {
  call,
  CertificateAuthority,
  connectionManager,
  downstreamTls,
  envoyProgram,
  listener,
  routesOf,
  startEnvoy,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const authority = new CertificateAuthority();
after(() => authority.remove());
const route = { match: { prefix: '/' }, direct_response: { status: 200 } };
const own = authority.issue('localhost');
const filter = connectionManager('front', routesOf(route));
const secured = {
  ...listener('front', filter),
  filter_chains: [{ filters: [filter], transport_socket: downstreamTls(own, ['http/1.1']) }],
};
const bootstrap = { static_resources: { listeners: [secured] } };
const NAMES =
  /^http\.front\.downstream_cx_(total|active|ssl_total|ssl_active|destroy|destroy_local|destroy_remote): (\d+)$/gm;

async function counts(proxy: RunningProxy, active: number): Promise<Record<string, string>> {
  for (;;) {
    const { body } = await call({ port: proxy.admin, path: '/stats' });
    const found = Object.fromEntries([...body.matchAll(NAMES)].map(([, name, value]) => [name, value]));
    if (found['active'] === String(active)) return found;
  }
}

async function stall(proxy: RunningProxy): Promise<readonly Record<string, string>[]> {
  const socket = connect(proxy.port('front'), '127.0.0.1');
  await once(socket, 'connect');
  const during = await counts(proxy, 1);
  socket.end();
  const afterwards = await counts(proxy, 0);
  await proxy.stop();
  return [during, afterwards];
}

test('a handshake that stalls is a connection of the connection manager', { timeout: 60_000 }, async () => {
  const ours = await stall(await startWeft({ bootstrap }));
  const [during, afterwards] = ours;
  assert.deepEqual(during, {
    active: '1', destroy: '0', destroy_local: '0', destroy_remote: '0', ssl_active: '1', ssl_total: '1', total: '1',
  }); // prettier-ignore
  assert.equal(afterwards?.['destroy_remote'], '1');
  assert.deepEqual(ours, await stall(await startEnvoy(await envoyProgram(), { bootstrap, args: ['-l', 'info'] })));
});
