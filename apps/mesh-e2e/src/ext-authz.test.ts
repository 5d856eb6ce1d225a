// External authorization: Weft and Envoy with one configuration, the same exchanges, what came of each and who was asked what.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  CertificateAuthority,
  eventually,
  envoyProgram,
  startEnvoy,
  startWeft,
  type ProxyStart,
  type RunningProxy,
} from '@weft/testing-harness';
import { GRPC_ANSWERS, HTTP_ANSWERS } from './ext-authz-answers.ts';
import { extAuthzBootstrap, HTTP_CASES, TCP_CASES } from './ext-authz-cases.ts';
import { ExtAuthzWorld, type Json } from './ext-authz-world.ts';

const authority = new CertificateAuthority();
const folder = mkdtempSync(join(tmpdir(), 'weft-ext-authz-'));
const tls = {
  server: authority.issue('proxy', ['URI:spiffe://mesh/ns/default/sa/web', 'DNS:web.test']),
  client: authority.issue('client', ['DNS:client.test']),
  caFile: authority.caFile,
};
let world: ExtAuthzWorld;
const proxies: RunningProxy[] = [];

before(async () => {
  const envoy = await envoyProgram();
  world = await ExtAuthzWorld.start(GRPC_ANSWERS, HTTP_ANSWERS);
  const start = (logFile: string): ProxyStart => ({
    bootstrap: extAuthzBootstrap(world, { ...tls, logFile }),
    args: ['--file-flush-interval-msec', '20'],
  });
  proxies.push(await startEnvoy(envoy, start(logOf('envoy'))), await startWeft(start(logOf('weft'))));
});

after(async () => {
  for (const proxy of proxies) await proxy.stop();
  world.stop();
  authority.remove();
  rmSync(folder, { recursive: true });
});

const logOf = (name: string): string => join(folder, `${name}.log`);

/** The same through Envoy, then through Weft; gives back what Weft made of it. */
async function same<T>(play: (proxy: RunningProxy) => Promise<T>): Promise<T> {
  const [envoy, weft] = proxies as [RunningProxy, RunningProxy];
  const wanted = await play(envoy);
  const got = await play(weft);
  assert.deepEqual(got, wanted);
  return got;
}

for (const { title, listener, ...request } of HTTP_CASES)
  test(`${listener}: ${title}`, async () => {
    const client = listener === 'grpc-tls' ? { ...tls.client, ca: authority.ca } : undefined;
    await same((proxy) => world.request({ ...request, port: proxy.port(listener), ...(client && { tls: client }) }));
  });

for (const { title, listener } of TCP_CASES)
  test(`${listener}: ${title}`, async () => {
    await same((proxy) => world.exchange(proxy.port(listener), 'hello'));
  });

test('access logs say who refused', async () => {
  const lines = (name: string): Promise<readonly string[]> =>
    eventually(`the log of ${name}`, () => {
      const all = readFileSync(logOf(name), 'utf8').trimEnd().split('\n');
      return all.length < HTTP_CASES.length + TCP_CASES.length ? undefined : all.sort();
    });
  const got = await lines('weft');
  assert.deepEqual(got, await lines('envoy'));
  assert.ok(got.includes('403 UAEX ext_authz_denied -'), got.join('\n'));
  assert.ok(got.includes('0 UAEX ext_authz_error -'), got.join('\n'));
});

test('an allowed request comes to its upstream, a denied one does not', async () => {
  const [, weft] = proxies as [RunningProxy, RunningProxy];
  const ask = (answer: string) => world.request({ port: weft.port('grpc'), headers: ['x-answer', answer] });
  const allowed = await ask('ok');
  assert.deepEqual(
    [allowed.status, allowed.body, allowed.asked.map(({ by }) => by)],
    [200, 'hello', ['grpc', 'upstream']],
  );
  const denied = await ask('teapot');
  assert.deepEqual([denied.status, denied.body, denied.asked.map(({ by }) => by)], [418, '<p>no', ['grpc']]);
});

test('a service is told who asks for what', async () => {
  const [, weft] = proxies as [RunningProxy, RunningProxy];
  const { asked } = await world.request({
    port: weft.port('grpc-tls'),
    path: '/p?q',
    tls: { ...tls.client, ca: authority.ca },
  });
  const { attributes } = (asked[0]?.what as { readonly message: { readonly attributes: Json } }).message;
  const { source, destination, tlsSession } = attributes as Readonly<Record<string, Json>>;
  assert.deepEqual(
    [source?.['principal'], destination?.['principal'], tlsSession?.['sni']],
    ['client.test', 'spiffe://mesh/ns/default/sa/web', 'web.test'],
  );
  assert.match(String(source?.['certificate']), /^-----BEGIN%20CERTIFICATE-----/);
});

/**
 * Envoy reads the end of a body after its last bytes, so that it answers before a request is complete where Weft does not; and it
 * finds out that a request cannot be written when it has a stream for it. Before it asks again it gives up the connection of an
 * answer, where Weft reads to the answer's end and keeps it.
 */
const EARLY =
  /grpc-body\.downstream_rq_(response_before_rq_complete|rx_reset)$|^cluster\.(up|http)\.upstream_rq_(pending_)?total$/;

test('counters of filters and clusters are the same', async () => {
  const counted = async (proxy: RunningProxy): Promise<Json> => {
    const stats = await proxy.stats('ext_authz|rbac|cluster.*upstream_rq_|http.*downstream_rq_');
    const told = [...stats].filter(([name, value]) => value > 0 && !name.includes('.admin.') && !EARLY.test(name));
    return Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const [envoy, weft] = proxies as [RunningProxy, RunningProxy];
  // What Weft alone was asked above.
  await world.request({ port: envoy.port('grpc'), headers: ['x-answer', 'ok'] });
  await world.request({ port: envoy.port('grpc'), headers: ['x-answer', 'teapot'] });
  await world.request({ port: envoy.port('grpc-tls'), tls: { ...tls.client, ca: authority.ca } });
  assert.deepEqual(await counted(weft), await counted(envoy));
  const names = async (proxy: RunningProxy): Promise<readonly string[]> =>
    [...(await proxy.stats('^http\\.grpc\\.ext_authz|^ext_authz\\.tcp-ok')).keys()].sort();
  assert.deepEqual(await names(weft), await names(envoy));
});
