// Every endpoint of the admin server, on a running proxy.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  call,
  cluster,
  connectionManager,
  eventually,
  listener,
  RawClient,
  routesOf,
  ScriptedUpstream,
  startWeft,
} from '@weft/testing-harness';
import { jsonLog } from './access-log-operators.ts';
import { selfSigned } from './self-signed.ts';
import { tutorialStats } from './stat-names.ts';

const SECRET = 'not for everybody';
const CERTIFICATE = selfSigned();
const upstream = await ScriptedUpstream.start((request, socket) => {
  if (request.path !== '/held') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
});
const scratch = mkdtempSync(join(tmpdir(), 'weft-admin-'));
const log = join(scratch, 'access.log');
const bootstrap = {
  node: { id: 'n1', cluster: 'c1' },
  layered_runtime: {
    layers: [
      { name: 'base', static_layer: { a: { b: 1 } } },
      { name: 'admin', admin_layer: {} },
    ],
  },
  static_resources: {
    listeners: [
      listener(
        'in',
        connectionManager('in', {
          ...routesOf({ match: { prefix: '/' }, route: { cluster: 'service1' } }),
          access_log: [jsonLog(log, ['RESPONSE_CODE'])],
        }),
      ),
    ],
    clusters: [
      cluster('service1', [upstream.port]),
      cluster('tls', [upstream.port], {
        transport_socket: {
          name: 'envoy.transport_sockets.tls',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
            sni: 'x.test',
            common_tls_context: {},
          },
        },
      }),
    ],
  },
};
const proxy = await startWeft({ bootstrap, args: ['--service-zone', 'z1'] });
after(async () => {
  await proxy.stop();
  await upstream.stop();
  rmSync(scratch, { recursive: true });
});
const text = async (path: string): Promise<string> => (await proxy.ask(path)).body;
const json = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await text(path)) as Record<string, unknown>;
const send = (count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => call({ port: proxy.port('in') })));

test('every name of the tutorial’s stats is there before the first request, and is 0 unless it counts hosts', async () => {
  const stats = await proxy.stats();
  const names = tutorialStats('service1');
  assert.deepEqual(
    names.filter((name) => !stats.has(name)),
    [],
  );
  const moved = names.filter((name) => name.startsWith('cluster.') && stats.get(name) !== 0);
  assert.deepEqual(
    moved.map((name) => name.replace('cluster.service1.', '')),
    ['max_host_weight', 'membership_change', 'membership_healthy', 'membership_total'],
  );
});

test('the index is a page that links to every endpoint', async () => {
  const { headers, body } = await proxy.ask('/');
  assert.match(headers['content-type'] ?? '', /text\/html/);
  for (const path of [
    'certs',
    'clusters',
    'config_dump',
    'listeners',
    'memory',
    'ready',
    'runtime',
    'server_info',
    'stats',
  ])
    assert.match(body, new RegExp(`href=["']/?${path}`), path);
  for (const path of [
    'drain_listeners',
    'healthcheck/fail',
    'logging',
    'quitquitquit',
    'reset_counters',
    'runtime_modify',
  ])
    assert.ok(body.includes(path), path);
  assert.match(await text('/help'), /\/stats/);
});

test('/server_info tells version, state, flags and node', async () => {
  const info = await json('/server_info');
  assert.match(String(info['version']), /^[0-9a-f]+\/.*\/(Clean|Modified)\/\w+\//);
  assert.equal(info['state'], 'LIVE');
  assert.match(String(info['uptime_current_epoch']), /^\d+s$/);
  const flags = info['command_line_options'] as Record<string, unknown>;
  assert.equal(flags['service_zone'], 'z1');
  assert.equal(flags['mode'], 'Serve');
  assert.deepEqual([flags['drain_time'], flags['parent_shutdown_time']], ['600s', '900s']);
  assert.equal((info['node'] as Record<string, unknown>)['id'], 'n1');
});

test('/stats are sorted lines; they can be filtered, cut to what moved, and had as JSON', async () => {
  await send(3);
  const lines = (await text('/stats')).trim().split('\n');
  assert.ok(lines.length > 200);
  const plain = lines.filter((line) => /: \d+$/.test(line)).map((line) => line.split(': ')[0] ?? '');
  assert.deepEqual(
    plain,
    [...plain].sort((a, b) => (a < b ? -1 : 1)),
  );
  const filtered = (await text('/stats?filter=service1.upstream_rq_(200|2xx)$')).trim().split('\n');
  assert.ok(filtered.includes('cluster.service1.upstream_rq_200: 3'), filtered.join());
  assert.ok(filtered.every((line) => line.includes('service1') && /_(200|2xx): 3$/.test(line)));
  const used = await text('/stats?usedonly&filter=^cluster');
  assert.match(used, /^cluster\.service1\.upstream_rq_total: 3$/m);
  assert.doesNotMatch(used, /upstream_rq_timeout/);
  const { stats } = (await json('/stats?format=json&filter=upstream_rq_200$')) as { stats: unknown[] };
  assert.ok(JSON.stringify(stats).includes('{"name":"cluster.service1.upstream_rq_200","value":3}'));
  assert.equal((await proxy.ask('/stats?filter=(')).status, 400);
});

test('the metrics pass promtool, but for the names that Envoy gives them', async (t) => {
  const scraped = await text('/stats/prometheus');
  assert.match(scraped, /^envoy_cluster_upstream_rq_total\{envoy_cluster_name="service1"\} \d+$/m);
  assert.match(scraped, /^# TYPE envoy_cluster_upstream_rq_time histogram$/m);
  assert.equal((await text('/stats?format=prometheus')).split('\n')[0], scraped.split('\n')[0]);
  const check = spawnSync('promtool', ['check', 'metrics'], { input: scraped, encoding: 'utf8' });
  if (check.error !== undefined) return t.skip('promtool is not installed');
  const lint =
    /no help text|counter metrics should have "_total"|metrics should not have "_\w+" suffix|use base unit|abbreviated|should not contain|metric name should not/;
  const others = check.stderr.split('\n').filter((line) => line !== '' && !lint.test(line));
  assert.deepEqual(others, []);
  assert.notEqual(check.status, 1, 'promtool could not read it');
});

test('/clusters names hosts with their counters, as text and as JSON', async () => {
  const at = `127.0.0.1:${upstream.port}`;
  const lines = (await text('/clusters')).split('\n');
  assert.ok(lines.includes(`service1::${at}::health_flags::healthy`), lines.join('\n'));
  assert.ok(lines.includes(`service1::${at}::rq_total::3`));
  assert.ok(lines.includes('service1::default_priority::max_requests::1024'));
  assert.ok(lines.every((line) => line === '' || /^(service1|tls)::/.test(line)));
  assert.match(await text('/clusters?filter=^tls$'), /^tls::/);
  const { cluster_statuses: list } = (await json('/clusters?format=json')) as {
    cluster_statuses: { name: string; host_statuses: { address: object }[] }[];
  };
  assert.deepEqual(list.map(({ name }) => name).sort(), ['service1', 'tls']);
  assert.deepEqual(list.find(({ name }) => name === 'service1')?.host_statuses[0]?.address, {
    socket_address: { address: '127.0.0.1', port_value: upstream.port },
  });
});

test('/listeners names the ports that were bound', async () => {
  assert.equal(await text('/listeners'), `in::127.0.0.1:${proxy.port('in')}\n`);
});

test('/config_dump shows all that is configured', async () => {
  const { configs } = (await json('/config_dump')) as { configs: Record<string, unknown>[] };
  assert.deepEqual(
    configs.map((each) => String(each['@type']).split('.').at(-1)),
    [
      'BootstrapConfigDump',
      'ClustersConfigDump',
      'ListenersConfigDump',
      'ScopedRoutesConfigDump',
      'RoutesConfigDump',
      'SecretsConfigDump',
    ],
  );
  const part = await text('/config_dump?resource=static_clusters&name_regex=^tls$');
  assert.match(part, /"sni": "x\.test"/);
  assert.doesNotMatch(part, /"name": "service1"/);
});

test('/config_dump hides secrets', async (t) => {
  const tls = {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: { inline_string: CERTIFICATE.chain },
            private_key: { inline_string: CERTIFICATE.key },
            password: { inline_string: SECRET },
          },
        ],
      },
    },
  };
  const own = await startWeft({
    bootstrap: { static_resources: { clusters: [cluster('c', [1], { transport_socket: tls })] } },
  });
  t.after(() => own.stop());
  const { body } = await own.ask('/config_dump');
  assert.ok(body.includes('[redacted]'));
  assert.ok(body.includes('BEGIN CERTIFICATE'));
  assert.ok(!body.includes('PRIVATE KEY') && !body.includes(SECRET));
  const { certificates } = JSON.parse((await own.ask('/certs')).body) as { certificates: unknown[] };
  assert.equal(certificates.length, 1);
});

test('/runtime shows each layer, and /runtime_modify changes the last', async () => {
  assert.equal((await proxy.ask('/runtime_modify?a.b=2&c=x', 'POST')).body, 'OK\n');
  assert.deepEqual(await json('/runtime'), {
    entries: {
      'a.b': { layer_values: ['1', '2'], final_value: '2' },
      c: { layer_values: ['', 'x'], final_value: 'x' },
    },
    layers: ['base', 'admin'],
  });
  await proxy.ask('/runtime_modify?a.b=&c=', 'POST');
  assert.equal(
    ((await json('/runtime'))['entries'] as Record<string, { final_value: string }>)['a.b']?.final_value,
    '1',
  );
  assert.equal((await proxy.ask('/runtime_modify', 'POST')).status, 400);
});

test('/logging shows and changes levels', async () => {
  const all = (await proxy.ask('/logging', 'POST')).body;
  for (const name of ['config', 'http', 'main', 'upstream']) assert.match(all, new RegExp(`^  ${name}: info$`, 'm'));
  assert.match((await proxy.ask('/logging?level=debug', 'POST')).body, /^ {2}main: debug$/m);
  assert.match((await proxy.ask('/logging?main=warning', 'POST')).body, /^ {2}main: warning$/m);
  assert.equal((await proxy.ask('/logging?level=loud', 'POST')).status, 400);
  await proxy.ask('/logging?level=info', 'POST');
});

test('what changes something needs POST, and a GET has no effect', async () => {
  for (const path of [
    'drain_listeners',
    'healthcheck/fail',
    'healthcheck/ok',
    'logging',
    'quitquitquit',
    'reopen_logs',
    'reset_counters',
    'runtime_modify?z=1',
  ]) {
    const { status } = await proxy.ask(`/${path}`);
    assert.equal(status, 405, path);
  }
  assert.ok(proxy.process.alive);
  assert.equal((await call({ port: proxy.port('in') })).status, 200);
  assert.equal((await proxy.ask('/nothing')).status, 404);
});

test('/reopen_logs goes on in a new file, after the old one was moved', async () => {
  await rename(log, `${log}.1`);
  const { status, body } = await proxy.ask('/reopen_logs', 'POST');
  assert.deepEqual([status, body], [200, 'OK\n']);
  await eventually('a new file', () => existsSync(log) || undefined);
});

test('/healthcheck/fail makes it unready until /healthcheck/ok', async () => {
  assert.deepEqual([(await proxy.ask('/ready')).status, await text('/ready')], [200, 'LIVE\n']);
  await proxy.ask('/healthcheck/fail', 'POST');
  assert.equal((await proxy.ask('/ready')).status, 503);
  await proxy.ask('/healthcheck/ok', 'POST');
  assert.equal((await proxy.ask('/ready')).status, 200);
});

test('/reset_counters sets counters to 0 and leaves gauges', async () => {
  await proxy.ask('/reset_counters', 'POST');
  const stats = await proxy.stats('service1');
  assert.equal(stats.get('cluster.service1.upstream_rq_total'), 0);
  assert.equal(stats.get('cluster.service1.membership_total'), 1);
});

test('/memory, /init_dump and /certs are JSON', async () => {
  assert.ok(Number((await json('/memory'))['allocated']) > 0);
  for (const path of ['/init_dump', '/certs']) assert.equal(typeof (await json(path)), 'object');
});

test('/drain_listeners closes the listeners, and /quitquitquit ends the proxy after what is in flight', async () => {
  const own = await startWeft({ bootstrap });
  const before = upstream.requests.length;
  const held = new RawClient(own.port('in')).send('GET /held HTTP/1.1\r\nhost: x\r\n\r\n');
  await upstream.received(before + 1);
  assert.equal((await own.ask('/drain_listeners', 'POST')).body, 'OK\n');
  await assert.rejects(call({ port: own.port('in') }), /ECONNREFUSED/);
  assert.ok(!held.ended);
  held.close();
  assert.equal((await own.ask('/quitquitquit', 'POST')).body, 'OK\n');
  assert.deepEqual(await own.process.exited, { code: 0, signal: null });
});
