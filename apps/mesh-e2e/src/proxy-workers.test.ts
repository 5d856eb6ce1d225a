// A proxy with two worker threads: one port, one set of stats, one set of commands.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
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
        clusters: [cluster('up', [(server.address() as AddressInfo).port])],
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
