// A proxy with worker threads is one proxy to its control plane: one stream, one answer to each response, that of all workers.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  call,
  CertificateAuthority,
  edsCluster,
  endpointsOf,
  eventually,
  FROM_ADS,
  OrderingWorld,
  OutageWorld,
  PROXY_MAIN,
  rdsListener,
  routesTo,
  startWeft,
  SteadyLoad,
  WORKSPACE,
  xdsBootstrap,
  XdsTestServer,
  type IssuedCertificate,
  type RunningProxy,
  type XdsForm,
} from '@weft/testing-harness';
import { activeClusters } from './config-state.ts';
import { startNamedUpstream, type NamedUpstream } from './named-upstream.ts';

const NODE = 'workers';
const WORKERS = ['--concurrency', '2'];
const FORMS: readonly XdsForm[] = ['sotw', 'delta'];

/** In a shell: what `weft run` says of workers, changed. */
const TWO_WORKERS = 'for arg do shift; [ "$flag" = --concurrency ] && arg=2; flag=$arg; set -- "$@" "$arg"; done';

/** Well-formed, but two chains for the same connections cannot be told apart: workers find it, not their main thread. */
const CANNOT_BE_BUILT = (() => {
  const { filter_chains: chains, ...rest } = rdsListener('twice', 'routes') as { filter_chains: object[] };
  return { ...rest, filter_chains: [...chains, ...chains] };
})();

const secret = (name: string, { cert, key }: IssuedCertificate): object => ({
  '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
  name,
  tls_certificate: { certificate_chain: { inline_string: cert }, private_key: { inline_string: key } },
});

/** An HTTPS listener whose certificate comes by the same stream. */
function secured(name: string, routes: string): object {
  const { filter_chains: chains, ...rest } = rdsListener(name, routes) as { filter_chains: object[] };
  const transport = {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
      common_tls_context: { tls_certificate_sds_secret_configs: [{ name: 'own', sds_config: FROM_ADS }] },
    },
  };
  return { ...rest, filter_chains: chains.map((chain) => ({ ...chain, transport_socket: transport })) };
}

for (const form of FORMS)
  describe(`a proxy with two workers under one control plane, ${form}`, () => {
    let control: XdsTestServer;
    let proxy: RunningProxy;
    let a: NamedUpstream;
    let b: NamedUpstream;
    let port = 0;
    const authority = new CertificateAuthority();
    const answers = async (times: number, from = port): Promise<string[]> => {
      const replies = Array.from({ length: times }, async () => (await call({ port: from })).body);
      return [...new Set(await Promise.all(replies))].sort();
    };
    const stat = async (name: string): Promise<number | undefined> => (await proxy.stats(name)).get(name);
    /** The answers to a response; in the state of the world a request that asks for other names has its nonce too. */
    const answersTo = (nonce: string): { readonly error: string | undefined }[] => {
      const seen = new Set<string>();
      return control.events.flatMap((event) => {
        if (event.from !== 'proxy' || event.nonce !== nonce) return [];
        const names = [...event.names].sort().join();
        const again = form === 'sotw' && seen.size > 0 && !seen.has(names);
        seen.add(names);
        return again ? [] : [event];
      });
    };

    before(async () => {
      [a, b, control] = await Promise.all([startNamedUpstream('A'), startNamedUpstream('B'), XdsTestServer.start()]);
      control.publish(NODE, {
        set: [
          edsCluster('a'),
          endpointsOf('a', [a.port]),
          edsCluster('b'),
          endpointsOf('b', [b.port]),
          rdsListener('web', 'routes'),
          routesTo('routes', 'a'),
          secured('secure', 'routes'),
          secret('own', authority.issue('first.test')),
        ],
      });
      proxy = await startWeft({ args: WORKERS, bootstrap: xdsBootstrap({ node: NODE, port: control.port, form }) });
      port = await proxy.portOf('web');
    });
    after(async () => {
      await proxy?.stop();
      await control?.stop();
      for (const upstream of [a, b]) upstream?.stop();
      authority.remove();
    });

    it('serves on both workers, with one stream and one answer to each response', async () => {
      assert.deepEqual(await answers(40), ['A']);
      const { body } = await proxy.ask(String.raw`/stats?filter=worker_\d.downstream_cx_total`);
      assert.equal([...body.matchAll(/_total: [1-9]/g)].length >= 2, true, body);
      assert.equal(control.orders.size, 1);
      const responses = control.events.filter((event) => event.from === 'server');
      assert.ok(responses.length >= 4);
      for (const { nonce } of responses)
        assert.deepEqual(answersTo(nonce).map(({ error }) => error), [undefined]); // prettier-ignore
    });

    it('counts and shows once what the workers have alike', async () => {
      const sent = (type: string): number =>
        control.events.filter((event) => event.from === 'server' && event.typeUrl.endsWith(type)).length;
      assert.equal(await stat('cluster_manager.cds.update_success'), sent('.Cluster'));
      assert.equal(await stat('listener_manager.lds.update_success'), sent('.Listener'));
      assert.equal(await stat('cluster.a.update_success'), 1);
      assert.equal(await stat('control_plane.connected_state'), 1);
      assert.equal(await stat('cluster_manager.active_clusters'), 3);
      assert.equal(
        await stat('cluster.control-plane.upstream_cx_active'),
        1,
        'the main thread has the only connection',
      );
      assert.deepEqual(await activeClusters(proxy), ['a', 'b']);
      assert.match((await proxy.ask('/clusters')).body, /^control-plane::127\.0\.0\.1:\d+::cx_active::1$/m);
      assert.match((await proxy.ask('/init_dump')).body, /^\{\}?/);
    });

    it('has a change on all workers when it says so', async () => {
      for (const [cluster, body] of [['b', 'B'], ['a', 'A'], ['b', 'B']] as const) {
        const since = control.events.length;
        control.publish(NODE, { set: [routesTo('routes', cluster)] });
        await eventually('the answer', () => {
          const sent = control.events.slice(since).find((event) => event.from === 'server');
          return (sent !== undefined && answersTo(sent.nonce).length > 0) || undefined;
        });
        assert.deepEqual(await answers(20), [body]);
      }
    }); // prettier-ignore

    it('refuses once what no worker can build, and keeps what it has', async () => {
      const since = control.events.length;
      const before = (await stat('listener_manager.lds.update_rejected')) ?? 0;
      control.publish(NODE, { set: [CANNOT_BE_BUILT] });
      const error = await eventually('a refusal', () =>
        control.events.slice(since).flatMap((event) => (event.from === 'proxy' ? (event.error ?? []) : []))[0],
      ); // prettier-ignore
      const lines = error.split('\n');
      assert.match(error, /^Listener "twice": /);
      assert.equal(new Set(lines).size, lines.length, 'each fault is told once');
      assert.equal(await stat('listener_manager.lds.update_rejected'), before + 1);
      const { body } = await proxy.ask('/config_dump?resource=dynamic_listeners');
      assert.match(body, /"error_state"/);
      assert.deepEqual(await answers(20), ['B']);
      const twice = { typeUrl: 'type.googleapis.com/envoy.config.listener.v3.Listener', name: 'twice' };
      control.publish(NODE, { set: [rdsListener('third', 'routes')], remove: [twice] });
      assert.deepEqual(await answers(20, await proxy.portOf('third')), ['B']);
      assert.equal(await stat('listener_manager.lds.update_success'), 2);
    });

    it('loses no request while the split changes under load', async () => {
      const load = new SteadyLoad(port, 300);
      for (let share = 10; share <= 90; share += 20) {
        const weights = [{ name: 'a', weight: share }, { name: 'b', weight: 100 - share }]; // prettier-ignore
        const split = { cluster: undefined, weighted_clusters: { clusters: weights } };
        control.publish(NODE, { set: [routesTo('routes', 'a', split)] });
        await delay(150);
      }
      const { failures, bodies, requests } = await load.stop();
      assert.deepEqual([...failures], []);
      assert.ok(requests > 100);
      assert.deepEqual([...bodies.keys()].sort(), ['A', 'B']);
    });

    it('has a new certificate on all workers, and loses no request meanwhile', async () => {
      const securePort = await proxy.portOf('secure');
      const ask = (): Promise<string> =>
        new Promise((resolve, reject) => {
          const outgoing = request({ port: securePort, host: '127.0.0.1', rejectUnauthorized: false, agent: false });
          outgoing.on('error', reject).end();
          outgoing.on('response', (response) => {
            const { socket } = response as unknown as { socket: import('node:tls').TLSSocket };
            const { subject } = socket.getPeerCertificate();
            response.resume().on('end', () => resolve(`${response.statusCode} ${String(subject.CN)}`));
          });
        });
      assert.equal(await ask(), '200 first.test');
      const seen: string[] = [];
      let over = false;
      const client = async (): Promise<void> => {
        while (!over) seen.push(await ask());
      };
      const clients = Promise.all([client(), client(), client()]);
      await delay(100);
      const since = control.events.length;
      control.publish(NODE, { set: [secret('own', authority.issue('second.test'))] });
      await eventually('the answer', () => {
        const sent = control.events.slice(since).find((event) => event.from === 'server');
        return (sent !== undefined && answersTo(sent.nonce).length > 0) || undefined;
      });
      const replies = await Promise.all(Array.from({ length: 12 }, ask));
      assert.deepEqual([...new Set(replies)], ['200 second.test'], 'who answers has it everywhere');
      over = true;
      await clients;
      assert.deepEqual([...new Set(seen)].sort(), ['200 first.test', '200 second.test']);
      assert.equal(control.orders.size, 1);
    });
  });

for (const form of FORMS)
  describe(`a proxy with two workers whose types have streams of their own, ${form}`, () => {
    let control: XdsTestServer;
    let proxy: RunningProxy;
    let a: NamedUpstream;
    let port = 0;
    const from = {
      resource_api_version: 'V3',
      api_config_source: {
        api_type: form === 'sotw' ? 'GRPC' : 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'control-plane' } }],
      },
    };
    const runtime = (share: number): object => ({
      '@type': 'type.googleapis.com/envoy.service.runtime.v3.Runtime',
      name: 'flags',
      layer: { 'upstream.maintenance_mode.a': share },
    });
    const statuses = async (): Promise<string> => {
      const replies = Array.from({ length: 20 }, async () => (await call({ port })).status);
      return [...new Set(await Promise.all(replies))].join();
    };

    before(async () => {
      [a, control] = await Promise.all([startNamedUpstream('A'), XdsTestServer.start()]);
      control.publish(NODE, {
        set: [
          edsCluster('a', { eds_cluster_config: { eds_config: from } }),
          endpointsOf('a', [a.port]),
          rdsListener('web', 'routes', { rds: { route_config_name: 'routes', config_source: from } }),
          routesTo('routes', 'a'),
          runtime(0),
        ],
      });
      const { dynamic_resources: _, ...bootstrap } = xdsBootstrap({ node: NODE, port: control.port, form });
      const layers = [{ name: 'far', rtds_layer: { name: 'flags', rtds_config: from } }];
      const dynamic = { cds_config: from, lds_config: from };
      proxy = await startWeft({
        args: WORKERS,
        bootstrap: { ...bootstrap, dynamic_resources: dynamic, layered_runtime: { layers } },
      });
      port = await proxy.portOf('web');
    });
    after(async () => {
      await proxy?.stop();
      await control?.stop();
      a?.stop();
    });

    it('has one stream for each type, and serves', async () => {
      assert.equal(await statuses(), '200');
      assert.equal(control.server.status().length, 5);
    });

    it('has the layers of the runtime that came on all workers, and shows them', async () => {
      control.publish(NODE, { set: [runtime(100)] });
      await eventually('maintenance', async () => (await statuses()) === '503' || undefined);
      assert.match((await proxy.ask('/runtime')).body, /"upstream\.maintenance_mode\.a"[^}]*"100"/s);
      assert.equal((await proxy.stats('^runtime')).get('runtime.update_success'), 2);
      control.publish(NODE, { set: [runtime(0)] });
      await eventually('no maintenance', async () => (await statuses()) === '200' || undefined);
    });
  });

describe('a proxy with two workers that asks for clusters as requests need them', () => {
  it('asks for each name on its one stream, whichever worker needs it', async () => {
    const [a, control] = await Promise.all([startNamedUpstream('A'), XdsTestServer.start()]);
    const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';
    const filters = [
      {
        name: 'envoy.filters.http.on_demand',
        typed_config: { '@type': `${TYPE}.on_demand.v3.OnDemand`, odcds: { source: FROM_ADS, timeout: '5s' } },
      },
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.router.v3.Router` } },
    ];
    const byHeader = { cluster: undefined, cluster_header: 'x-to' };
    control.publish(NODE, {
      set: [
        edsCluster('a'),
        endpointsOf('a', [a.port]),
        rdsListener('web', 'routes', { http_filters: filters }),
        routesTo('routes', 'a', byHeader),
      ],
    });
    const bootstrap = xdsBootstrap({ node: NODE, port: control.port, form: 'delta' });
    const proxy = await startWeft({ args: WORKERS, bootstrap });
    try {
      const port = await proxy.portOf('web');
      const statuses = async (to: string): Promise<string> => {
        const asked = Array.from({ length: 20 }, async () => (await call({ port, headers: { 'x-to': to } })).status);
        return [...new Set(await Promise.all(asked))].join();
      };
      assert.equal(await statuses('a'), '200');
      for (const name of ['late', 'later']) {
        assert.equal(await statuses(name), '503');
        const wanted = control.events.filter((event) => event.from === 'proxy' && event.names.includes(name));
        assert.ok(wanted.length > 0, `${name} was asked for`);
        control.publish(NODE, { set: [edsCluster(name), endpointsOf(name, [a.port])] });
        await eventually(`${name} answers`, async () => (await statuses(name)) === '200' || undefined);
      }
      assert.equal(control.orders.size, 1);
    } finally {
      await proxy.stop();
      await control.stop();
      a.stop();
    }
  });
});

describe('a proxy with two workers under our xDS server, while endpoints change and routes move', () => {
  for (const form of FORMS)
    it(`loses no request, and has one stream (${form})`, async () => {
      const world = await OrderingWorld.start();
      const proxy = await startWeft({ args: WORKERS, bootstrap: world.bootstrap(form) });
      try {
        const result = await world.run(proxy, { perSecond: 300, endpointChanges: 200 });
        assert.deepEqual([...result.failures], []);
        assert.deepEqual(result.violations, []);
        assert.deepEqual(result.refusals, []);
        assert.equal(result.moves, 20);
      } finally {
        await proxy.stop();
        await world.stop();
      }
    });
});

describe('sidecars with two workers, when the control plane is killed under load and comes back', () => {
  it('lose no request and no certificate, and have the same state afterwards', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-two-workers-'));
    const program = join(folder, 'proxy.sh');
    const main = `--conditions=@weft/source --disable-warning=ExperimentalWarning ${join(WORKSPACE, PROXY_MAIN)}`;
    writeFileSync(program, `#!/bin/sh\n${TWO_WORKERS}\nexec ${process.execPath} ${main} "$@"\n`);
    chmodSync(program, 0o755);
    try {
      const result = await OutageWorld.run({ sidecar: ['--envoy', program], perSecond: 100, seconds: 4 });
      assert.deepEqual([...result.failures], []);
      assert.deepEqual([...result.bodies.keys()], ['echo']);
      assert.deepEqual(result.streams, [1, 1]);
      assert.ok(result.failedRenewals >= 2, 'both workloads asked in vain');
      assert.ok(result.leastLifeSeconds > 0, `the next certificate came ${-result.leastLifeSeconds} s late`);
      for (const { before, after } of result.states) assert.deepEqual(JSON.parse(after), JSON.parse(before));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
