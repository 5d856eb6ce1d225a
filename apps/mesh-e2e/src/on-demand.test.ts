// Clusters on demand, by a server that is written down here, for Weft and Envoy: what is asked for, how often, what comes of it.
import {
  call,
  edsCluster,
  endpointsOf,
  envoyProgram,
  FROM_ADS,
  startEnvoy,
  startWeft,
  xdsBootstrap,
  XdsTestServer,
  type ProxyStart,
  type RunningProxy,
} from '@weft/testing-harness';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { eventually } from './weft-run-world.ts';

const TYPE = 'type.googleapis.com/envoy';
const FILTERS = `${TYPE}.extensions.filters`;
const CLUSTER = `${TYPE}.config.cluster.v3.Cluster`;
const VIRTUAL_HOST = `${TYPE}.config.route.v3.VirtualHost`;
const NODE = 'on-demand';
const TIMEOUT_MS = 1000;

const odcds = (timeout: string) => ({ source: FROM_ADS, timeout });
const listener = (name: string, filter: object) => ({
  '@type': `${TYPE}.config.listener.v3.Listener`,
  name,
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  filter_chains: [{ filters: [{ name, typed_config: filter }] }],
});
/** Counts how often it was run. */
const counting = {
  name: 'envoy.filters.http.rbac',
  typed_config: {
    '@type': `${FILTERS}.http.rbac.v3.RBAC`,
    rules: { policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } },
  },
};
const http = listener('http', {
  '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: 'in',
  route_config: {
    name: 'local',
    validate_clusters: false,
    virtual_hosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [
          { match: { prefix: '/by-name' }, route: { cluster: 'named' } },
          {
            match: { prefix: '/never' },
            route: { cluster: 'never-asked' },
            typed_per_filter_config: {
              'envoy.filters.http.on_demand': { '@type': `${FILTERS}.http.on_demand.v3.PerRouteConfig` },
            },
          },
          { match: { prefix: '/' }, route: { cluster_header: 'x-cluster' } },
        ],
      },
    ],
  },
  http_filters: [
    counting,
    {
      name: 'envoy.filters.http.on_demand',
      typed_config: { '@type': `${FILTERS}.http.on_demand.v3.OnDemand`, odcds: odcds(`${TIMEOUT_MS / 1000}s`) },
    },
    { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } },
  ],
});
const hosts = listener('hosts', {
  '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: 'hosts',
  rds: { route_config_name: 'table', config_source: FROM_ADS },
  http_filters: [
    counting,
    {
      name: 'envoy.filters.http.on_demand',
      typed_config: { '@type': `${FILTERS}.http.on_demand.v3.OnDemand`, odcds: odcds('1s') },
    },
    { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } },
  ],
});
const bare = ({ '@type': _, ...fields }: { readonly '@type': string }): object => fields;
const hostOf = (host: string, route: object) => ({
  name: host,
  domains: [host],
  routes: [{ match: { prefix: '/' }, ...route }],
});
const saying = (said: string) => ({ direct_response: { status: 200, body: { inline_string: said } } });
const table = {
  '@type': `${TYPE}.config.route.v3.RouteConfiguration`,
  name: 'table',
  // Envoy takes no empty answer for the first one, and its listener waits until this time is over.
  vhds: { config_source: { ...FROM_ADS, initial_fetch_timeout: '0.2s' } },
  virtual_hosts: [hostOf('fixed.test', saying('fixed'))],
};
const virtualHost = (host: string, route: object, of = 'table') => ({
  '@type': VIRTUAL_HOST,
  resource_name: `${of}/${host}`,
  ...hostOf(host, route),
});
/** The same with the routes in the listener itself. */
const inline = listener('inline', {
  '@type': `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
  stat_prefix: 'inline',
  route_config: { ...bare(table), name: 'inline' },
  http_filters: [
    {
      name: 'envoy.filters.http.on_demand',
      typed_config: { '@type': `${FILTERS}.http.on_demand.v3.OnDemand` },
    },
    { name: 'envoy.filters.http.router', typed_config: { '@type': `${FILTERS}.http.router.v3.Router` } },
  ],
});
const tcp = listener('tcp', {
  '@type': `${FILTERS}.network.tcp_proxy.v3.TcpProxy`,
  stat_prefix: 'bytes',
  cluster: 'bytes',
  on_demand: { odcds_config: FROM_ADS, timeout: `${TIMEOUT_MS / 1000}s` },
});

type Start = (start: ProxyStart) => Promise<RunningProxy>;

function suite(title: string, choose: () => Promise<Start>): void {
  describe(`clusters on demand: ${title}`, () => {
    let upstream: Server;
    let server: XdsTestServer;
    let proxy: RunningProxy;
    let port = 0;
    const ports: Record<string, number> = {};
    const asked: string[] = [];
    /** What is known of, and not told before somebody asks. */
    const onDemand = ['named', 'never-asked', 'bytes', 'behind'];

    const give = (name: string): void => {
      server.publish(NODE, { set: [edsCluster(name), endpointsOf(name, [port])], onDemand });
    };

    const giveHosts = (names: readonly string[]): boolean => {
      asked.push(...names);
      const known = names.filter((name) => !name.endsWith('/none.test')).map((name) => name.split('/'));
      const set = known.map(([of, host = '']) =>
        virtualHost(host, host === 'cluster.test' ? { route: { cluster: 'behind' } } : saying(host), of),
      );
      server.publish(NODE, { set, onDemand });
      return known.length > 0;
    };

    before(async () => {
      upstream = createServer((request, response) => {
        void text(request).then((body) => response.end(`${request.url ?? ''} ${body.length}`));
      }).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      ({ port } = upstream.address() as AddressInfo);
      server = await XdsTestServer.start((_node, type, names) => {
        if (type === VIRTUAL_HOST) return giveHosts(names);
        if (type !== CLUSTER) return false;
        const known = names.filter((name) => name !== 'nowhere');
        asked.push(...known);
        for (const name of known) if (name !== 'late') give(name);
        return known.length > 0;
      });
      server.publish(NODE, { set: [http, tcp, hosts, inline, table], onDemand });
      const start = await choose();
      proxy = await start({ bootstrap: xdsBootstrap({ node: NODE, port: server.port, form: 'delta' }) });
      for (const name of ['http', 'tcp', 'hosts', 'inline']) ports[name] = await proxy.portOf(name);
    });
    after(async () => {
      await proxy?.stop();
      await server?.stop();
      upstream?.close();
    });
    const ask = (path: string, more: { cluster?: string; body?: string } = {}) =>
      call({
        port: ports['http'] ?? 0,
        path,
        ...(more.body === undefined ? {} : { method: 'POST', body: more.body }),
        headers: more.cluster === undefined ? {} : { 'x-cluster': more.cluster },
      });

    it('holds requests until the cluster that they name is warm, and asks for it once', async () => {
      const replies = await Promise.all(Array.from({ length: 20 }, () => ask('/by-name')));
      assert.deepEqual([...new Set(replies.map(({ status, body }) => `${status} ${body}`))], ['200 /by-name 0']);
      assert.deepEqual(asked.splice(0), ['named']);
      assert.equal((await ask('/by-name')).status, 200);
      assert.deepEqual(asked, []);
    });

    it('runs the filters before it once, though the request waited', async () => {
      const allowed = async (prefix: string) =>
        (await proxy.stats(`http.${prefix}.rbac`)).get(`http.${prefix}.rbac.allowed`);
      const before = (await allowed('in')) ?? 0;
      assert.equal((await ask('/x', { cluster: 'counted' })).status, 200);
      assert.equal((await ask('/x', { cluster: 'counted-body', body: 'body' })).body, '/x 4');
      assert.equal(await allowed('in'), before + 2);
      const host = { port: ports['hosts'] ?? 0, path: '/x', headers: { host: 'counted.test' } };
      assert.equal((await call(host)).body, 'counted.test');
      assert.equal(await allowed('hosts'), 1);
      asked.splice(0);
    });

    it('takes the name from a header, and keeps the body meanwhile', async () => {
      const { status, body } = await ask('/x', { cluster: 'by-header', body: 'x'.repeat(200_000) });
      assert.deepEqual([status, body], [200, '/x 200000']);
      assert.deepEqual(asked.splice(0), ['by-header']);
    });

    it('answers 503 at once where the server says that there is none', async () => {
      const begun = performance.now();
      const { status } = await ask('/x', { cluster: 'nowhere' });
      assert.equal(status, 503);
      assert.ok(performance.now() - begun < TIMEOUT_MS);
      assert.equal((await proxy.stats('http.in.no_cluster')).get('http.in.no_cluster'), 1);
    });

    it('answers 503 after the time where none comes, and serves it when it has come', async () => {
      const begun = performance.now();
      const { status } = await ask('/x', { cluster: 'late' });
      assert.equal(status, 503);
      assert.ok(performance.now() - begun >= TIMEOUT_MS * 0.9);
      give('late');
      await eventually(async () => assert.equal((await ask('/x', { cluster: 'late' })).status, 200));
      asked.splice(0);
    });

    it('asks for nothing where the route says so', async () => {
      assert.equal((await ask('/never')).status, 503);
      assert.deepEqual(asked, []);
    });

    it('holds connections of tcp_proxy', async () => {
      const client = connect(ports['tcp'] ?? 0, '127.0.0.1');
      client.write('GET /tcp HTTP/1.0\r\n\r\n');
      assert.match(await text(client), /\/tcp 0$/);
      assert.deepEqual(asked.splice(0), ['bytes']);
      const stats = await proxy.stats('tcp.bytes.on_demand');
      assert.deepEqual(
        ['attempt', 'success', 'missing', 'timeout'].map((name) => stats.get(`tcp.bytes.on_demand_cluster_${name}`)),
        [1, 1, 0, 0],
      );
    });

    it('asks for the virtual host of a request, once, and then for its cluster', async () => {
      const askHost = (host: string) => call({ port: ports['hosts'] ?? 0, path: '/x', headers: { host } });
      assert.equal((await askHost('fixed.test')).body, 'fixed');
      assert.deepEqual(asked.splice(0), []);
      const replies = await Promise.all(Array.from({ length: 10 }, () => askHost('a.test')));
      assert.deepEqual([...new Set(replies.map(({ status, body }) => `${status} ${body}`))], ['200 a.test']);
      assert.deepEqual([...new Set(asked.splice(0))], ['table/a.test']);
      assert.equal((await askHost('cluster.test')).body, '/x 0');
      assert.deepEqual(asked.splice(0), ['table/cluster.test', 'behind']);
      assert.equal((await askHost('none.test')).status, 404);
      assert.deepEqual(asked.splice(0), ['table/none.test']);
      server.publish(NODE, { set: [virtualHost('a.test', saying('newer'))], onDemand });
      await eventually(async () => assert.equal((await askHost('a.test')).body, 'newer'));
      assert.deepEqual([(await askHost('fixed.test')).body, (await askHost('cluster.test')).status], ['fixed', 200]);
    });

    it('asks for virtual hosts of routes that are in the listener itself', async () => {
      const askHost = (host: string) => call({ port: ports['inline'] ?? 0, path: '/x', headers: { host } });
      assert.equal((await askHost('fixed.test')).body, 'fixed');
      assert.deepEqual(asked.splice(0), []);
      const replies = await Promise.all(Array.from({ length: 5 }, () => askHost('b.test')));
      assert.deepEqual([...new Set(replies.map(({ status, body }) => `${status} ${body}`))], ['200 b.test']);
      assert.deepEqual([...new Set(asked.splice(0))], ['inline/b.test']);
      assert.equal((await askHost('none.test')).status, 404);
      assert.equal((await askHost('fixed.test')).body, 'fixed');
      asked.splice(0);
    });

    it('keeps what came, and takes what is removed out', async () => {
      const cluster = { typeUrl: CLUSTER, name: 'by-header' };
      server.publish(NODE, { remove: [cluster], onDemand });
      await eventually(async () => {
        const stats = await proxy.stats('cluster_manager.cluster_removed');
        assert.ok((stats.get('cluster_manager.cluster_removed') ?? 0) >= 1);
      });
      assert.equal((await ask('/by-name')).status, 200);
      // Its name stays asked for: the server gives it when there is one again.
      give('by-header');
      await eventually(async () => assert.equal((await ask('/x', { cluster: 'by-header' })).status, 200));
    });
  });
}

suite('Weft', () => Promise.resolve(startWeft));
suite('Weft with two workers', () => Promise.resolve((start) => startWeft({ ...start, args: ['--concurrency', '2'] })));
suite('Envoy', async () => {
  const found = await envoyProgram();
  return (start) => startEnvoy(found, start);
});
