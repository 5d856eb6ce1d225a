// The catalog's five services in a mesh: what is on the wire, who is let in, and what becomes of certificates under load.
import { call, eventually, RawClient, SteadyLoad } from '@weft/testing-harness';
import { seedRedis } from '@weft/demo-data';
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  CALLER_NAMES,
  CATALOG,
  CATALOG_NAMES,
  MeshWorld,
  ping,
  type CallerName,
  type CatalogName,
} from './mesh-world.ts';
import { helloVersions, RECORD, Tape, tlsRecords } from './tls-tape.ts';

const TAPED = { 'videos-api': 'videos-api.tape.test', 'videos-db': 'videos-db.tape.test' } as const;
const CERTIFICATE_SECONDS = 12;

/** Who may call whom, and nobody else. */
const MAY: Readonly<Record<CatalogName, readonly CallerName[]>> = {
  'videos-web': ['gateway'],
  'playlists-api': ['gateway'],
  'videos-api': ['playlists-api'],
  'playlists-db': ['playlists-api'],
  'videos-db': ['videos-api'],
};

const principal = (name: string): string => `cluster.local/ns/default/sa/${name}`;

const mutualTls = (mode: string): string =>
  `{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default}, spec: {mtls: {mode: ${mode}}}}`;

const policy = (name: string, { on, action, from }: { on: string; action: string; from: readonly string[] }): string =>
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${on}}}
  action: ${action}
  rules: [{from: [{source: {principals: [${from.map(principal).join(', ')}]}}]}]
`;

/** A service whose one endpoint is a tape before the sidecar of another. */
const tapedService = (host: string, of: keyof typeof TAPED, port: number): string =>
  `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${of}-tape}
spec:
  hosts: [${host}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{number: ${CATALOG[of].port}, name: taped, protocol: ${CATALOG[of].protocol}}]
  endpoints: [{address: 127.0.0.1, ports: {taped: ${port}}, serviceAccount: ${of}, labels: {security.istio.io/tlsMode: istio}}]
`;

describe('the catalog in a mesh', () => {
  let world: MeshWorld;
  const tapes = new Map<string, Tape>();

  const write = (file: string, yaml: string): void => world.controlPlane.write(file, yaml);
  const remove = (file: string): void => rmSync(join(world.controlPlane.configDir, file), { force: true });

  before(async () => {
    const hosts = Object.entries(TAPED).map(([name, host]) => `${host}:${CATALOG[name as CatalogName].port}`);
    world = await MeshWorld.start(['--certificate-ttl', `${CERTIFICATE_SECONDS}s`], hosts);
    for (const name of ['playlists-db', 'videos-db'] as const) {
      const url = `redis://127.0.0.1:${world.app(name)}`;
      await seedRedis({ url, dataSets: [name === 'videos-db' ? 'videos' : 'playlists'], patienceMs: 10_000 });
    }
    for (const [name, host] of Object.entries(TAPED) as [keyof typeof TAPED, string][]) {
      const tape = await Tape.start(world.inbound(name));
      tapes.set(name, tape);
      write(`${name}-tape.yaml`, tapedService(host, name, tape.port));
    }
    write('mutual-tls.yaml', mutualTls('STRICT'));
    await eventually('plaintext is refused', async () => ((await plaintext('videos-api')) === 200 ? undefined : true));
  });
  after(async () => {
    for (const tape of tapes.values()) tape.stop();
    await world?.stop();
  });

  /** The status that a client without TLS gets from a sidecar; 0: it hung up. */
  const plaintext = async (name: CatalogName): Promise<number> => {
    const { port, path } = { port: world.inbound(name), path: CATALOG[name].path };
    return (await call({ port, path }).catch(() => ({ status: 0 }))).status;
  };

  /** Every pair that is let through. */
  const allowedPairs = async (): Promise<string[]> => {
    const pairs = CALLER_NAMES.flatMap((from) => CATALOG_NAMES.filter((to) => to !== from).map((to) => ({ from, to })));
    const outcomes = await Promise.all(
      pairs.map(async ({ from, to }) => ({ from, to, got: await world.try(from, to) })),
    );
    for (const { from, to, got } of outcomes) assert.ok(!got.startsWith('other'), `${from} to ${to}: ${got}`);
    return outcomes.filter(({ got }) => got === 'allowed').map(({ from, to }) => `${from} to ${to}`);
  };

  it('carries nothing but TLS 1.3 between two sidecars, for HTTP and for TCP', async () => {
    const http = world.upstream('gateway', `${TAPED['videos-api']}:10010`);
    await eventually('the tape is called', async () => {
      const { status, body } = await call({ port: http, path: '/OFgziggbCOg' });
      return status === 200 && body.includes('Flux CD') ? true : undefined;
    });
    assert.equal(await ping(world.upstream('gateway', `${TAPED['videos-db']}:6379`)), 'allowed');
    for (const [name, tape] of tapes) {
      assert.ok(tape.connections.length > 0, name);
      for (const { fromClient, fromServer } of tape.connections) {
        const [clientHello, ...fromThen] = tlsRecords(fromClient);
        const [serverHello, ...toThen] = tlsRecords(fromServer);
        if (clientHello === undefined || serverHello === undefined) return assert.fail(`${name}: no hello`);
        assert.deepEqual([clientHello, serverHello].map(helloVersions), [[0x0304], [0x0304]]);
        // After the hellos everything is sealed, but for the record that RFC 8446 appendix D.4 sends for old middleboxes.
        for (const { type } of [...fromThen, ...toThen])
          assert.ok(
            type === RECORD.applicationData || type === RECORD.changeCipherSpec,
            `${name}: record of type ${type}`,
          );
        const bytes = Buffer.concat([...fromClient, ...fromServer]).toString('latin1');
        for (const secret of ['GET /', 'HTTP/1.1', 'Flux', 'PING', 'PONG']) assert.ok(!bytes.includes(secret), secret);
      }
    }
    const listener = `listener.127.0.0.1_${world.inbound('videos-api')}.ssl.versions`;
    assert.ok((await world.stat('videos-api', `${listener}.TLSv1.3`)) > 0);
    assert.equal(await world.stat('videos-api', `${listener}.TLSv1.2`), 0);
  });

  it('refuses plaintext where STRICT is asked for, and says so on both sides', async () => {
    assert.notEqual(await plaintext('videos-api'), 200);
    const client = new RawClient(world.inbound('videos-api'));
    client.send('GET /OFgziggbCOg HTTP/1.1\r\nhost: videos-api\r\n\r\n');
    assert.match(await client.end(), /^HTTP\/1\.1 400 [^]*This port speaks TLS, and the request came in plaintext/);
    await eventually(
      'its log says why',
      () =>
        /STRICT at port \d+ by PeerAuthentication .*the client \S+ sent plaintext/.test(world.log('videos-api')) ||
        undefined,
    );
    assert.notEqual(await ping(world.inbound('videos-db')), 'allowed');
  });

  it('takes both where PERMISSIVE is asked for', async () => {
    write('mutual-tls.yaml', mutualTls('PERMISSIVE'));
    await eventually('plaintext is taken', async () => ((await plaintext('videos-api')) === 200 ? true : undefined));
    await eventually('by Redis too', async () =>
      (await ping(world.inbound('videos-db'))) === 'allowed' ? true : undefined,
    );
    assert.equal(await world.try('gateway', 'videos-api'), 'allowed');
    // Who can speak TLS still does, always.
    const cluster = 'cluster.outbound|10010||videos-api.default.svc.cluster.local';
    const [connections, handshakes] = await Promise.all(
      ['upstream_cx_total', 'ssl.handshake'].map((name) => world.stat('gateway', `${cluster}.${name}`)),
    );
    assert.ok(connections !== undefined && connections > 0);
    assert.equal(handshakes, connections);
    write('mutual-tls.yaml', mutualTls('STRICT'));
    await eventually('plaintext is refused', async () => ((await plaintext('videos-api')) === 200 ? undefined : true));
  });

  it('lets through exactly the pairs that the policies allow, for HTTP and for TCP', async () => {
    assert.equal((await allowedPairs()).length, CALLER_NAMES.length * CATALOG_NAMES.length - CATALOG_NAMES.length);
    for (const on of CATALOG_NAMES)
      write(`may-call-${on}.yaml`, policy(`may-call-${on}`, { on, action: 'ALLOW', from: MAY[on] }));
    const expected = CALLER_NAMES.flatMap((from) =>
      CATALOG_NAMES.filter((to) => MAY[to].includes(from)).map((to) => `${from} to ${to}`),
    );
    await eventually('the policies are in force', async () =>
      (await allowedPairs()).length === expected.length ? true : undefined,
    );
    assert.deepEqual(await allowedPairs(), expected);
    // The catalog itself goes exactly these ways.
    const { status, body } = await call({ port: world.upstream('gateway', 'playlists-api') });
    assert.equal(status, 200);
    assert.equal((JSON.parse(body) as { videos: unknown[] }[]).flatMap(({ videos }) => videos).length, 9);
  });

  it('names the policy that denied, in the log and in the stats of who denied', async () => {
    write('no-web.yaml', policy('no-web', { on: 'videos-api', action: 'DENY', from: ['videos-web'] }));
    write('no-web-db.yaml', policy('no-web-db', { on: 'videos-db', action: 'DENY', from: ['videos-web'] }));
    const named = (name: string): string => `rbac_access_denied_matched_policy[ns[default]-policy[${name}]-rule[0]]`;
    await eventually('the log has its name', async () => {
      assert.equal(await world.try('videos-web', 'videos-api'), 'denied');
      return world.log('videos-api').includes(named('no-web')) || undefined;
    }, 20_000); // prettier-ignore
    await eventually('the log has its name, for TCP', async () => {
      assert.equal(await world.try('videos-web', 'videos-db'), 'denied');
      return world.log('videos-db').includes(named('no-web-db')) || undefined;
    }, 20_000); // prettier-ignore
    for (const file of ['no-web.yaml', 'no-web-db.yaml']) remove(file);
  });

  it('holds a new policy at latest for the second request of a connection that stands', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const port = world.upstream('gateway', 'videos-web');
    const status = (): Promise<number> => statusOf(port, agent);
    assert.equal(await status(), 200);
    const updates = (): Promise<number> => world.stat('videos-web', 'listener_manager.lds.update_success');
    const before = await updates();
    write('closed.yaml', policy('closed', { on: 'videos-web', action: 'DENY', from: ['gateway'] }));
    await eventually('the sidecar has it', async () => ((await updates()) > before ? true : undefined));
    const first = await status();
    assert.ok(first === 200 || first === 403, String(first));
    assert.equal(await status(), 403);
    remove('closed.yaml');
    await eventually('it is open again', async () => ((await status()) === 200 ? true : undefined));
    agent.destroy();
  });

  it('renews certificates under load without an error', async () => {
    const renewals = (): Promise<number> =>
      world.stat(
        'videos-web',
        `listener.127.0.0.1_${world.inbound('videos-web')}.server_ssl_socket_factory.ssl_context_update_by_sds`,
      );
    const before = await renewals();
    const load = new SteadyLoad(world.upstream('gateway', 'videos-web'), 40);
    const pings: string[] = [];
    await eventually(
      'two renewals',
      async () => {
        // A connection of its own for each: it shakes hands with what certificate there is now.
        pings.push(await world.try('videos-api', 'videos-db'));
        return (await renewals()) >= before + 2 ? true : undefined;
      },
      4 * CERTIFICATE_SECONDS * 1000,
    );
    const { requests, failures, seconds } = await load.stop();
    // Longer than the certificates of the beginning lived.
    assert.ok(seconds > CERTIFICATE_SECONDS / 2, `${seconds} s`);
    assert.ok(requests > 100, `${requests} requests`);
    assert.deepEqual([...failures], []);
    assert.deepEqual(new Set(pings), new Set(['allowed']));
  });
});

/** Of a request on the agent's connection. */
function statusOf(port: number, agent: Agent): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request({ host: '127.0.0.1', port, agent }, (response) => {
    response.resume().once('end', () => resolve(response.statusCode ?? 0));
  })
    .once('error', reject)
    .end();
  return promise;
}
