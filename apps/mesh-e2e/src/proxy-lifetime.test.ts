// What lasts longer than an exchange: bodies larger than any buffer, configuration that changes, and the end.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  call,
  cluster,
  connectionManager,
  HCM_TYPE,
  listener,
  RawClient,
  routesOf,
  ScriptedUpstream,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;
const simple = (port: number, fields: Json = {}): object => ({
  static_resources: {
    listeners: [
      listener(
        'in',
        connectionManager('in', routesOf({ match: { prefix: '/' }, route: { cluster: 'up', timeout: '0s' } })),
      ),
    ],
    clusters: [cluster('up', [port], fields)],
  },
});

const MIB = 1 << 20;
const pattern = Buffer.alloc(MIB, 'The quick brown fox jumps over the lazy dog. ');

test('a client that does not read stops the upstream, and gets every byte once it reads', async (t) => {
  const sent = createHash('sha256');
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 64 * MIB });
    let left = 64;
    const write = (): void => {
      for (let room = true; room && left > 0; left -= 1) {
        sent.update(pattern);
        room = response.write(pattern);
      }
      if (left === 0) response.end();
    };
    response.on('drain', write);
    write();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startWeft({
    bootstrap: simple((server.address() as { port: number }).port, { per_connection_buffer_limit_bytes: 65_536 }),
  });
  t.after(async () => {
    await proxy.stop();
    server.close();
  });
  const before = await memoryOf(proxy);
  const socket = connect(proxy.port('in'), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await proxy.statReaches('cluster.up.upstream_flow_control_paused_reading_total', (value) => value > 0);
  const stalled = (await proxy.stats('upstream_cx_rx_bytes_total')).get('cluster.up.upstream_cx_rx_bytes_total') ?? 0;
  assert.ok(stalled < 40 * MIB, `${stalled} bytes were read for a client that read none`);
  const grown = (await memoryOf(proxy)) - before;
  assert.ok(grown < 32 * MIB, `the proxy grew by ${grown} bytes`);
  const received = createHash('sha256');
  let head = '';
  let size = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let body = chunk;
    if (!head.includes('\r\n\r\n')) {
      const text = head + chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      body = end < 0 ? Buffer.alloc(0) : Buffer.from(text.slice(end + 4), 'latin1');
      head = text.slice(0, end < 0 ? undefined : end + 4);
    }
    size += body.length;
    received.update(body);
  }
  assert.equal(size, 64 * MIB);
  assert.equal(received.digest('hex'), sent.digest('hex'));
  const flow = await proxy.stats('flow_control');
  assert.ok((flow.get('cluster.up.upstream_flow_control_resumed_reading_total') ?? 0) > 0);
});

test('an upstream that does not read stops the client, and gets every byte once it reads', async (t) => {
  const received = createHash('sha256');
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<IncomingMessage>();
  const server = createServer((request, response) => {
    arrive(request);
    request.on('end', () => response.end('thanks'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startWeft({ bootstrap: simple((server.address() as { port: number }).port) });
  t.after(async () => {
    await proxy.stop();
    server.close();
  });
  const client = new RawClient(proxy.port('in'));
  client.send(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${32 * MIB}\r\n\r\n`);
  const expected = createHash('sha256');
  for (let i = 0; i < 32; i += 1) {
    expected.update(pattern);
    client.socket.write(pattern);
  }
  const request = await arrived;
  await proxy.statReaches('http.in.downstream_flow_control_paused_reading_total', (value) => value > 0);
  request.on('data', (chunk: Buffer) => received.update(chunk));
  assert.match(await client.end(), /thanks$/);
  assert.equal(received.digest('hex'), expected.digest('hex'));
});

async function memoryOf(proxy: RunningProxy): Promise<number> {
  return Number(
    (JSON.parse((await proxy.ask('/memory')).body) as { total_physical_bytes: string }).total_physical_bytes,
  );
}

test('SIGTERM closes the listeners, lets the request in flight finish, and ends with 0', async (t) => {
  let release: () => void = () => undefined;
  const upstream = await ScriptedUpstream.start((_request, socket) => {
    release = () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone');
  });
  const proxy = await startWeft({ bootstrap: simple(upstream.port) });
  t.after(() => upstream.stop());
  const port = proxy.port('in');
  const idle = new RawClient(port);
  await proxy.statReaches('http.in.downstream_cx_active', (value) => value === 1);
  const client = new RawClient(port).send('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await upstream.received(1);
  const stopped = proxy.stop('SIGTERM');
  await proxy.process.waitFor(/accepting no more connections/);
  await assert.rejects(call({ port }), /ECONNREFUSED|socket hang up|ECONNRESET/);
  await idle.end();
  assert.equal((await proxy.ask('/ready')).body, 'DRAINING\n');
  release();
  const answer = await client.end();
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*done$/);
  assert.deepEqual(await stopped, { code: 0, signal: null });
});

// ---- listeners, clusters and routes from files ----

const scratch = mkdtempSync(join(tmpdir(), 'weft-files-'));
after(() => rmSync(scratch, { recursive: true }));

/** Moves a file of resources in, as a whole. */
function moveIn(name: string, type: string, resources: readonly Json[]): void {
  const body = { resources: resources.map((each) => ({ '@type': `type.googleapis.com/${type}`, ...each })) };
  moveInText(name, JSON.stringify(body));
}
function moveInText(name: string, text: string): void {
  const file = join(scratch, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';
const ROUTES = 'envoy.config.route.v3.RouteConfiguration';
const source = (name: string): Json => ({
  path_config_source: { path: join(scratch, name) },
  resource_api_version: 'V3',
});
const routesTo = (name: string): Json => ({
  name: 'r',
  virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: name } }] }],
});
const rdsListener = (name: string, prefix: string): Json => ({
  ...listener(name, {
    name: 'hcm',
    typed_config: {
      '@type': HCM_TYPE,
      stat_prefix: prefix,
      rds: { route_config_name: 'r', config_source: source('rds.json') },
      http_filters: [
        {
          name: 'router',
          typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
        },
      ],
    },
  }),
});

test('files that are moved in change clusters, routes and listeners without one lost request', async (t) => {
  const named = (name: string): Promise<ScriptedUpstream> =>
    ScriptedUpstream.start((_request, socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${name}`));
  const [a, b] = [await named('a'), await named('b')];
  moveIn('cds.json', CLUSTER, [cluster('a', [a.port])]);
  moveIn('rds.json', ROUTES, [routesTo('a')]);
  moveIn('lds.json', LISTENER, [rdsListener('in', 'in')]);
  const proxy = await startWeft({
    bootstrap: {
      node: { id: 'n', cluster: 'c' },
      dynamic_resources: { cds_config: source('cds.json'), lds_config: source('lds.json') },
    },
  });
  t.after(async () => {
    await proxy.stop();
    await Promise.all([a.stop(), b.stop()]);
  });
  const port = proxy.port('in');
  const failures: string[] = [];
  let running = true;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (running) {
      const reply = await call({ port }).catch((error: unknown) => ({ status: 0, body: String(error) }));
      count += 1;
      if (reply.status !== 200) failures.push(`${reply.status} ${reply.body}`);
    }
  };
  const workers = Promise.all([worker(), worker(), worker()]);
  const updates = (name: string, value: number): Promise<number> => proxy.statReaches(name, (now) => now >= value);

  moveIn('cds.json', CLUSTER, [cluster('a', [a.port]), cluster('b', [b.port])]);
  await updates('cluster_manager.cds.update_success', 2);
  moveIn('rds.json', ROUTES, [routesTo('b')]);
  await updates('http.in.rds.r.update_success', 2);
  assert.equal((await call({ port })).body, 'b');
  moveIn('cds.json', CLUSTER, [cluster('b', [b.port])]);
  await updates('cluster_manager.cds.update_success', 3);
  moveIn('lds.json', LISTENER, [rdsListener('in', 'in'), rdsListener('more', 'more')]);
  await updates('listener_manager.lds.update_success', 2);
  assert.match((await proxy.ask('/listeners')).body, /^more::/m);

  moveInText(
    'rds.json',
    '{"resources": [{"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "nme": "r"}]}',
  );
  await updates('http.in.rds.r.update_rejected', 1);
  moveInText('cds.json', 'this is: [no configuration');
  await updates('cluster_manager.cds.update_rejected', 1);
  moveIn('lds.json', LISTENER, [{ name: 'in', address: { socket_address: { address: 'nowhere', port_value: 1 } } }]);
  await updates('listener_manager.lds.update_rejected', 1);
  assert.equal((await call({ port })).body, 'b');
  while (count < 200) await call({ port });
  running = false;
  await workers;
  assert.deepEqual(failures, []);
});
