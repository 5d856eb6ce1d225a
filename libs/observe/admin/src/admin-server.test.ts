import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { AdminServer, type AdminAccessLog } from './admin-server.ts';
import { FakeAdminSource } from './testing.ts';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const runtime = createFakeRuntime();
const logged: string[] = [];
const log: AdminAccessLog = {
  log: (info, req, res) => void logged.push(`${req.method} ${req.path} ${res.status} ${info.bytesSent}`),
};
let source = new FakeAdminSource(runtime.loggers);
let server: AdminServer;
let port = 0;

before(() => {
  runtime.loggers.get('admin');
  runtime.loggers.get('upstream');
});
beforeEach(async () => {
  await server?.close();
  source = new FakeAdminSource(runtime.loggers);
  server = new AdminServer(source, { clock: runtime.clock, compileRegex, accessLogs: [log] });
  const address = await server.listen({ ip: '127.0.0.1', port: 0 });
  assert.ok('port' in address);
  ({ port } = address);
});
after(() => server.close());

function compileRegex(text: string): RegExp | string {
  try {
    return new RegExp(text);
  } catch {
    return `missing ): ${text}`;
  }
}

function ask(method: string, path: string, { body = '', headers = {} } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    outgoing.on('error', reject).end(body);
  });
}

async function get(path: string): Promise<string> {
  const { status, body } = await ask('GET', path);
  assert.equal(status, 200, body);
  return body;
}

async function post(path: string): Promise<string> {
  const { status, body } = await ask('POST', path);
  assert.equal(status, 200, body);
  return body;
}

test('every reply has the headers that Envoy sends', async () => {
  const { headers } = await ask('GET', '/ready');
  assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
  assert.equal(headers['cache-control'], 'no-cache, max-age=0');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['server'], 'envoy');
  assert.ok(headers['date']);
});

test('ready is 200 LIVE, and 503 with the state otherwise', async () => {
  assert.equal(await get('/ready'), 'LIVE\n');
  for (const state of ['PRE_INITIALIZING', 'INITIALIZING', 'DRAINING'] as const) {
    source.info = { ...source.info, state };
    const { status, body } = await ask('GET', '/ready');
    assert.deepEqual([status, body], [503, `${state}\n`]);
  }
});

test('whatever changes something is refused by any method but POST, and then changes nothing', async () => {
  const paths = [
    'reset_counters',
    'runtime_modify?a.b=9',
    'logging?level=error',
    'reopen_logs',
    'drain_listeners',
    'quitquitquit',
    'healthcheck/fail',
    'healthcheck/ok',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'PUT']) {
      const { status, body } = await ask(method, `/${path}`);
      assert.deepEqual([status, body], [405, `Method ${method} not allowed, POST required.`], path);
    }
  }
  assert.deepEqual(source.calls, []);
  assert.equal(source.runtime.entries()[0]?.finalValue, '5');
  assert.equal(runtime.loggers.get('admin').level, 'debug');
});

test('a form of another site cannot change anything, one of the index page can', async () => {
  const refused = await ask('POST', '/reset_counters', { headers: { origin: 'http://evil.example' } });
  assert.equal(refused.status, 403);
  assert.deepEqual(source.calls, []);
  const own = await ask('POST', '/reset_counters', { headers: { origin: `http://127.0.0.1:${port}` } });
  assert.deepEqual([own.status, source.calls], [200, ['resetCounters']]);
});

test('an unknown path gets the help and 404', async () => {
  const { status, body } = await ask('GET', '/nosuch');
  assert.equal(status, 404);
  assert.match(body, /^invalid path\. admin commands are:\n {2}\/: /);
  assert.match(await get('/help'), /^admin commands are:\n[^]*\n {2}\/quitquitquit \(POST\): [^]*\n {6}filter: /);
});

test('odd request targets do no harm', async () => {
  for (const path of ['//', '/%', '/ready%00', '/?', '/ready?%zz']) {
    assert.ok([200, 404].includes((await ask('GET', path)).status), path);
  }
  assert.equal((await ask('POST', '/runtime_modify', { body: 'x'.repeat(70_000) })).status, 413);
});

test('server_info has the fields of Envoy in its order', async () => {
  assert.equal(
    await get('/server_info'),
    `{
 "version": "0123456789012345678901234567890123456789/1.40.0/Clean/RELEASE/OpenSSL",
 "state": "LIVE",
 "uptime_current_epoch": "126s",
 "uptime_all_epochs": "126s",
 "hot_restart_version": "11.104",
 "command_line_options": {
  "base_id": "0",
  "concurrency": 1,
  "drain_time": "600s"
 },
 "node": {
  "id": "front-1",
  "cluster": "front-proxy"
 }
}
`,
  );
});

test('clusters are lines of cluster, host, name and value', async () => {
  const lines = (await get('/clusters')).split('\n');
  assert.deepEqual(lines.slice(0, 3), [
    'up::observability_name::up',
    'up::default_priority::max_connections::1024',
    'up::default_priority::max_pending_requests::1024',
  ]);
  assert.ok(lines.includes('up::127.0.0.1:18081::rq_success::4'));
  assert.ok(lines.includes('up::127.0.0.1:18081::health_flags::healthy'));
  assert.ok(lines.includes('dead::added_via_api::true'));
  assert.ok(lines.includes('dead::/tmp/sock::health_flags::/failed_active_hc/degraded_eds_health'));
  assert.equal(lines.filter((line) => line.startsWith('up::127.0.0.1:18081::')).length, 19);
});

test('clusters can be filtered, and a faulty filter is refused', async () => {
  assert.doesNotMatch(await get('/clusters?filter=^up$'), /^dead/m);
  const { status, body } = await ask('GET', '/clusters?filter=(');
  assert.deepEqual([status, body], [400, 'Invalid re2 regex: missing ): (']);
});

test('clusters as JSON leave out what has its default value', async () => {
  const { cluster_statuses } = JSON.parse(await get('/clusters?format=json')) as {
    cluster_statuses: Record<string, unknown>[];
  };
  const [up, dead] = cluster_statuses;
  assert.deepEqual(Object.keys(up ?? {}), ['name', 'host_statuses', 'circuit_breakers', 'observability_name']);
  assert.equal(dead?.['added_via_api'], true);
  assert.deepEqual((up?.['host_statuses'] as unknown[])[0], {
    address: { socket_address: { address: '127.0.0.1', port_value: 18081 } },
    stats: [
      { name: 'cx_connect_fail' },
      { value: '1', name: 'cx_total' },
      { value: '1', name: 'rq_error' },
      { value: '4', name: 'rq_success' },
      { name: 'rq_timeout' },
      { value: '5', name: 'rq_total' },
      { type: 'GAUGE', name: 'cx_active' },
      { type: 'GAUGE', value: '2', name: 'rq_active' },
      { type: 'GAUGE', name: 'rq_pending_active' },
    ],
    health_status: { eds_health_status: 'HEALTHY' },
    weight: 1,
    hostname: 'localhost',
    locality: { region: 'r', zone: 'z' },
  });
  assert.deepEqual((dead?.['host_statuses'] as { health_status: unknown }[])[0]?.health_status, {
    failed_active_health_check: true,
    eds_health_status: 'DEGRADED',
  });
});

test('listeners are printed as text and JSON', async () => {
  assert.equal(await get('/listeners'), 'l1::127.0.0.1:18080\nl2::[::1]:18080\n');
  const { listener_statuses } = JSON.parse(await get('/listeners?format=json')) as { listener_statuses: unknown[] };
  assert.deepEqual(listener_statuses[0], {
    name: 'l1',
    local_address: { socket_address: { address: '127.0.0.1', port_value: 18080 } },
  });
});

test('certificates, memory, start-up targets and the hot restart version', async () => {
  assert.match(
    await get('/certs'),
    /"subject_alt_names": \[\n +\{\n +"dns": "a.example"[^]*"days_until_expiration": "29"/,
  );
  assert.deepEqual(JSON.parse(await get('/memory')), {
    allocated: '6000000',
    heap_size: '10000000',
    pageheap_unmapped: '0',
    pageheap_free: '4000000',
    total_thread_cache: '0',
    total_physical_bytes: '40000000',
  });
  assert.equal(await get('/hot_restart_version'), '11.104');
  assert.equal(await get('/init_dump'), '{}\n');
  source.unready = [{ component: 'listener', name: 'listener l1', targetNames: ['RdsRouteConfigSubscription local'] }];
  assert.match(await get('/init_dump?mask=listener'), /"name": "listener l1"/);
  assert.equal(await get('/init_dump?mask=cluster'), '{}\n');
});

test('the runtime is shown by layer and changed by query or form', async () => {
  assert.equal(await post('/runtime_modify?a.b=7'), 'OK\n');
  assert.deepEqual(JSON.parse(await get('/runtime')), {
    layers: ['static', 'admin'],
    entries: { 'a.b': { final_value: '7', layer_values: ['5', '7'] } },
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await ask('POST', '/runtime_modify', { body: 'a.b=8', headers })).status, 200);
  assert.equal(source.runtime.entries()[0]?.finalValue, '8');
  assert.match((await ask('POST', '/runtime_modify')).body, /^usage: \/runtime_modify\?key1=value1/);
  assert.equal((await ask('POST', '/runtime_modify?forbidden=1')).status, 503);
});

test('log levels are shown and changed, all or none', async () => {
  assert.equal(await post('/logging'), 'active loggers:\n  admin: debug\n  upstream: debug\n\n');
  assert.match(await post('/logging?paths=admin:trace,upstream:info'), /admin: trace\n {2}upstream: info/);
  assert.match(await post('/logging?upstream=error'), /upstream: error/);
  for (const [query, fault] of [
    ['level=zz', 'unknown logger level'],
    ['paths=admin:info,zz:info', 'unknown logger name'],
    ['level=info&paths=admin:info', 'invalid number of parameters'],
  ]) {
    const { status, body } = await ask('POST', `/logging?${query}`);
    assert.equal(status, 400);
    assert.ok(body.startsWith(`error: ${fault}\n\nusage: /logging`), body);
  }
  assert.equal(runtime.loggers.get('admin').level, 'trace');
  assert.match(await post('/logging?level=debug&paths='), /admin: debug\n {2}upstream: debug/);
});

test('draining, health checks, counters and the end are passed on', async () => {
  await post('/drain_listeners?graceful&inboundonly');
  await post('/healthcheck/fail');
  assert.equal((await ask('GET', '/ready')).status, 503);
  await post('/healthcheck/ok');
  await post('/reset_counters');
  await post('/reopen_logs');
  assert.equal(await post('/quitquitquit'), 'OK\n');
  assert.deepEqual(source.calls, [
    'drain {"graceful":true,"inboundOnly":true,"skipExit":false}',
    'failing true',
    'failing false',
    'resetCounters',
    'reopenLogs',
    'quit',
  ]);
});

test('stats are asked of the stats store', async () => {
  assert.equal(await get('/stats?filter=x&usedonly'), 'stats false filter=x&usedonly=\n');
  assert.equal(await get('/stats/prometheus'), 'stats true \n');
});

test('requests go to the access log', async () => {
  logged.length = 0;
  await get('/ready');
  assert.deepEqual(logged, ['GET /ready 200 5']);
});

test('the index lists every endpoint, needs nothing from elsewhere, and shows no raw text of the configuration', async () => {
  source.info = { ...source.info, node: { id: '<b>front</b>', cluster: 'c' } };
  const { body, headers } = await ask('GET', '/');
  assert.equal(headers['content-type'], 'text/html; charset=UTF-8');
  for (const path of ['/clusters', '/stats/prometheus', '/config_dump', '/quitquitquit', '/healthcheck/ok'])
    assert.ok(body.includes(`>${path}<`), path);
  assert.doesNotMatch(body, /<script|<b>front|(?:src|href)="(?:https?:)?\/\//);
  assert.match(body, /&lt;b&gt;front&lt;\/b&gt;/);
});
