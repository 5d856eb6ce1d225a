// A proxy with two worker threads: one port, one set of stats, one set of commands.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  call,
  cluster,
  connectionManager,
  fileLog,
  freePort,
  listener,
  routesOf,
  runWeft,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const folder = mkdtempSync(join(tmpdir(), 'weft-workers-'));
const log = join(folder, 'access.log');
const server = createServer((_request, response) => response.end('hello'));
let proxy: RunningProxy;
const upstreamPort = (): number => (server.address() as AddressInfo).port;

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startWeft({
    args: ['--concurrency', '2', '--file-flush-interval-msec', '50'],
    bootstrap: {
      static_resources: {
        listeners: [
          listener(
            'in',
            connectionManager('in', {
              ...routesOf({ match: { prefix: '/' }, route: { cluster: 'up' } }),
              access_log: [fileLog(log, '%REQ(:PATH)% %RESPONSE_CODE%')],
            }),
          ),
        ],
        clusters: [cluster('up', [upstreamPort()])],
      },
    },
  });
});
after(async () => {
  await proxy.stop();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const REQUESTS = 400;

test('connections are spread over the workers, and the stats are the sums', async () => {
  const port = proxy.port('in');
  const statuses = new Map<number, number>();
  const client = async (): Promise<void> => {
    for (let i = 0; i < REQUESTS / 20; i += 1) {
      const { status } = await call({ port, path: '/x', headers: { connection: 'close' } });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 20 }, client));
  assert.deepEqual([...statuses], [[200, REQUESTS]]);
  const stats = await proxy.stats();
  assert.equal(stats.get('http.in.downstream_rq_total'), REQUESTS);
  assert.equal(stats.get('http.in.downstream_rq_2xx'), REQUESTS);
  assert.equal(stats.get('http.in.downstream_cx_total'), REQUESTS);
  assert.equal(stats.get('cluster.up.upstream_rq_total'), REQUESTS);
  assert.equal(stats.get('server.concurrency'), 2);
  assert.equal(stats.get('listener_manager.workers_started'), 2);
  const { body } = await proxy.ask('/stats?format=json&histogram_buckets=detailed&filter=downstream_rq_time');
  assert.match(body, /"name":"http\.in\.downstream_rq_time"/);
});

test('what all workers have alike is not counted for each', async () => {
  const stats = await proxy.stats();
  assert.equal(stats.get('cluster.up.membership_total'), 1);
  assert.equal(stats.get('cluster_manager.active_clusters'), 1);
  assert.equal(stats.get('listener_manager.total_listeners_active'), 1);
  assert.equal(stats.get('listener_manager.listener_added'), 1);
  assert.equal(stats.get('listener_manager.listener_create_success'), 2);
});

test('hosts show what all workers counted', async () => {
  const { body } = await proxy.ask('/clusters');
  assert.match(body, new RegExp(`::rq_total::${REQUESTS}\\n`));
  assert.match(body, new RegExp(`::rq_success::${REQUESTS}\\n`));
});

test('counters are reset for all workers at once', async () => {
  await proxy.ask('/reset_counters', 'POST');
  assert.equal((await proxy.stats()).get('http.in.downstream_rq_total'), 0);
  await call({ port: proxy.port('in') });
  assert.equal((await proxy.stats()).get('http.in.downstream_rq_total'), 1);
});

test('each line of the shared access log is whole', async () => {
  const deadline = Date.now() + 5000;
  const lines = (): string[] => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []);
  while (lines().length < REQUESTS + 1 && Date.now() < deadline) await proxy.ask('/ready');
  assert.equal(lines().filter((line) => line === '/x 200').length, REQUESTS);
});

test('commands reach every worker', async () => {
  const port = proxy.port('in');
  assert.match((await proxy.ask('/server_info')).body, /"concurrency": 2/);
  await proxy.ask('/healthcheck/fail', 'POST');
  for (let i = 0; i < 8; i += 1) assert.equal((await call({ port })).headers.connection, 'close');
  await proxy.ask('/healthcheck/ok', 'POST');
  for (let i = 0; i < 8; i += 1)
    assert.notEqual((await call({ port, headers: { connection: 'keep-alive' } })).headers.connection, 'close');
});

test('runtime overrides and log levels reach every worker', async () => {
  const port = proxy.port('in');
  await proxy.ask('/runtime_modify?upstream.maintenance_mode.up=100', 'POST');
  for (let i = 0; i < 8; i += 1) assert.equal((await call({ port })).status, 503);
  await proxy.ask('/runtime_modify?upstream.maintenance_mode.up=', 'POST');
  for (let i = 0; i < 8; i += 1) assert.equal((await call({ port })).status, 200);
  assert.match((await proxy.ask('/logging?http=debug', 'POST')).body, /http: debug/);
});

test('a file that is moved in reaches every worker', async () => {
  const cds = join(folder, 'cds.yaml');
  const write = (name: string): void => {
    const resource = {
      '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      ...cluster(name, [upstreamPort()]),
    };
    writeFileSync(`${cds}.new`, JSON.stringify({ version_info: name, resources: [resource] }));
    renameSync(`${cds}.new`, cds);
  };
  write('before');
  const dynamic = await startWeft({
    args: ['--concurrency', '2'],
    bootstrap: {
      dynamic_resources: { cds_config: { path_config_source: { path: cds } } },
      static_resources: {
        listeners: [
          listener(
            'in',
            connectionManager('in', {
              ...routesOf(
                { match: { prefix: '/before' }, route: { cluster: 'before' } },
                { match: { prefix: '/after' }, route: { cluster: 'after' } },
              ),
            }),
          ),
        ],
      },
    },
  });
  try {
    const port = dynamic.port('in');
    const all = async (path: string): Promise<Set<number>> =>
      new Set(await Promise.all(Array.from({ length: 12 }, async () => (await call({ port, path })).status)));
    assert.deepEqual([...(await all('/before'))], [200]);
    write('after');
    await dynamic.statReaches('cluster_manager.cluster_removed', (value) => value === 1);
    const deadline = Date.now() + 5000;
    while ((await all('/after')).has(503) && Date.now() < deadline);
    assert.deepEqual([...(await all('/after'))], [200]);
    assert.deepEqual([...(await all('/before'))], [503]);
    assert.equal((await dynamic.stats()).get('cluster_manager.cds.update_success'), 2);
    assert.match((await dynamic.ask('/config_dump')).body, /"version_info": "after"/);
  } finally {
    await dynamic.stop();
  }
});

test('circuit breakers count for all workers together', async () => {
  const held: ServerResponse[] = [];
  const slow = createServer((_request, response) => void held.push(response)).listen(0, '127.0.0.1');
  await once(slow, 'listening');
  const limited = await startWeft({
    args: ['--concurrency', '2'],
    bootstrap: {
      static_resources: {
        listeners: [
          listener('in', connectionManager('in', routesOf({ match: { prefix: '/' }, route: { cluster: 'up' } }))),
        ],
        clusters: [
          cluster('up', [(slow.address() as AddressInfo).port], {
            circuit_breakers: { thresholds: [{ max_requests: 3, track_remaining: true }] },
          }),
        ],
      },
    },
  });
  const ask = (): Promise<number> =>
    call({ port: limited.port('in'), headers: { connection: 'close' } }).then(({ status }) => status);
  const waiting = [ask(), ask(), ask()];
  await limited.statReaches('cluster.up.upstream_rq_active', (value) => value === 3);
  assert.equal((await limited.stats()).get('cluster.up.circuit_breakers.default.rq_open'), 1);
  assert.equal((await limited.stats()).get('cluster.up.circuit_breakers.default.remaining_rq'), 0);
  assert.deepEqual([...new Set(await Promise.all(Array.from({ length: 12 }, ask)))], [503]);
  assert.equal((await limited.stats()).get('cluster.up.upstream_rq_active_overflow'), 12);
  while (held.length < 3) await limited.ask('/ready');
  for (const response of held) response.end();
  assert.deepEqual(await Promise.all(waiting), [200, 200, 200]);
  assert.equal((await limited.stats()).get('cluster.up.circuit_breakers.default.rq_open'), 0);
  await limited.stop();
  slow.close();
  slow.closeAllConnections();
});

test('a Unix socket is shared by the workers', async () => {
  const path = join(folder, 'in.sock');
  const filter = connectionManager('in', routesOf({ match: { prefix: '/' }, direct_response: { status: 200 } }));
  const shared = await startWeft({
    args: ['--concurrency', '2'],
    bootstrap: { static_resources: { listeners: [{ ...listener('in', filter), address: { pipe: { path } } }] } },
  });
  const ask = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: path, path: '/', agent: false }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      outgoing.on('error', reject).end();
    });
  const statuses = await Promise.all(Array.from({ length: 40 }, ask));
  assert.deepEqual([...new Set(statuses)], [200]);
  const stats = await shared.stats(String.raw`worker_\d\.downstream_cx_total`);
  assert.equal(
    [...stats.values()].reduce((sum, value) => sum + value, 0),
    40,
  );
  assert.equal(stats.size, 2);
  await shared.stop();
});

test('a port that is taken is told once, and nothing stays', async () => {
  const taken = createServer().listen(await freePort(), '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const bootstrap = {
    static_resources: {
      listeners: [
        listener(
          'in',
          connectionManager('in', routesOf({ match: { prefix: '/' }, direct_response: { status: 200 } })),
          port,
        ),
      ],
    },
  };
  const { code, err } = await runWeft(['--config-yaml', JSON.stringify(bootstrap), '--concurrency', '2']);
  taken.close();
  assert.equal(code, 1);
  assert.match(err, new RegExp(`cannot listen on 127.0.0.1:${port} for listener "in": another process uses this port`));
});

test('the proxy ends when it is told to', async () => {
  await proxy.ask('/quitquitquit', 'POST');
  assert.deepEqual(await proxy.process.exited, { code: 0, signal: null });
});
