import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Cluster as ClusterProto } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { StatsStore } from '@weft/observe-metrics';
import { ANY_HOST } from '@weft/proxy-filter-api';
import { ClusterManager, type DecodedCluster } from './cluster-manager.ts';
import type { DnsAnswer, DnsResolver } from './dns-resolver.ts';
import { NO_FLAGS, ScriptedUpstream, statOf, TestRequest } from './testing.ts';

let upstream: ScriptedUpstream;
beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
});
afterEach(() => upstream.close());

/** Answers when a test says so. */
class SlowResolver implements DnsResolver {
  private questions: ((answer: DnsAnswer) => void)[] = [];
  resolve(_name: string, _family: string, answer: (answer: DnsAnswer) => void): void {
    this.questions.push(answer);
  }
  answerAll(address: string): void {
    for (const answer of this.questions.splice(0)) answer({ kind: 'resolved', addresses: [address], ttlMs: undefined });
  }
}

function setUp() {
  const runtime = createFakeRuntime();
  const store = new StatsStore();
  const resolver = new SlowResolver();
  const manager = new ClusterManager({ runtime, flags: NO_FLAGS, stats: store.root, resolver });
  const decoded = (yaml: string): DecodedCluster => {
    const loaded = loadConfig({ text: yaml, file: 'c.yaml', typeName: 'envoy.config.cluster.v3.Cluster' });
    const cx = new DecodeContext(sourceNamed('c.yaml'));
    const cluster = loaded.message && manager.decode(loaded.message as ClusterProto, cx);
    if (cluster === undefined)
      throw new Error([...loaded.faults, ...cx.faults].map((fault) => fault.message).join('\n'));
    return cluster;
  };
  return {
    manager,
    runtime,
    resolver,
    decoded,
    fixed: (name: string, more = '') =>
      decoded(`{name: ${name}, ${more} load_assignment: ${assignment(name, '127.0.0.1')}}`),
    named: (name: string, more = '') =>
      decoded(`{name: ${name}, type: STRICT_DNS, ${more} load_assignment: ${assignment(name, 'up.test')}}`),
    stat: (name: string) => statOf(store, name),
  };
}

function assignment(name: string, address: string): string {
  const socket = `{socket_address: {address: ${address}, port_value: ${upstream.port}}}`;
  return `{cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: ${socket}}}]}]}`;
}

function ask(manager: ClusterManager, name: string): TestRequest {
  const request = new TestRequest();
  const cluster = manager.get(name);
  assert.ok(cluster, `no cluster ${name}`);
  const host = cluster.pick(ANY_HOST);
  assert.ok(host, `no host in ${name}`);
  cluster.newStream(host, 'default', request);
  return request;
}

test('static clusters serve at once, and the start waits for the first addresses', async () => {
  const { manager, fixed, named, resolver, stat } = setUp();
  manager.addStatic([fixed('a'), named('b')]);
  assert.deepEqual(manager.warming, ['b']);
  let ready = false;
  const initialized = manager.initialized().then(() => (ready = true));
  await Promise.resolve();
  assert.equal(ready, false);
  resolver.answerAll('127.0.0.1');
  await initialized;
  assert.deepEqual(manager.warming, []);
  assert.deepEqual([stat('cluster_manager.cluster_added'), stat('cluster_manager.active_clusters')], [2, 2]);
  const request = ask(manager, 'b');
  await upstream.answer(0);
  await request.over();
  assert.equal(request.body, 'ok');
  assert.equal(manager.get('c'), undefined);
});

test('the start does not wait for a cluster that says so', async () => {
  const { manager, named } = setUp();
  manager.addStatic([named('b', 'wait_for_warm_on_init: false,')]);
  await manager.initialized();
});

test('a discovered cluster serves once its hosts are known', () => {
  const { manager, named, resolver, stat } = setUp();
  manager.applyDiscovered({ added: [named('b')], removed: [], version: '1' });
  assert.equal(manager.get('b'), undefined);
  assert.equal(stat('cluster_manager.warming_clusters'), 1);
  assert.equal(stat('cluster.b.warming_state'), 1);
  resolver.answerAll('127.0.0.1');
  assert.notEqual(manager.get('b'), undefined);
  assert.deepEqual([stat('cluster_manager.warming_clusters'), stat('cluster_manager.active_clusters')], [0, 1]);
});

test('a cluster that did not change is not touched', () => {
  const { manager, fixed, stat } = setUp();
  manager.applyDiscovered({ added: [fixed('a')], removed: [], version: '1' });
  const before = manager.get('a');
  manager.applyDiscovered({ added: [fixed('a')], removed: [], version: '2' });
  assert.equal(manager.get('a'), before);
  assert.equal(stat('cluster_manager.cluster_modified'), 0);
  assert.equal(manager.all[0]?.version, '2');
});

test('the old cluster serves until the changed one knows its hosts', () => {
  const { manager, named, resolver, stat } = setUp();
  manager.applyDiscovered({ added: [named('b')], removed: [], version: '1' });
  resolver.answerAll('127.0.0.1');
  const before = manager.get('b');
  manager.applyDiscovered({ added: [named('b', 'connect_timeout: 1s,')], removed: [], version: '2' });
  assert.equal(manager.get('b'), before);
  assert.deepEqual(
    manager.allWarming.map(({ cluster }) => cluster.name),
    ['b'],
  );
  resolver.answerAll('127.0.0.1');
  assert.notEqual(manager.get('b'), before);
  assert.deepEqual([stat('cluster_manager.cluster_added'), stat('cluster_manager.cluster_modified')], [1, 1]);
  assert.equal(stat('cluster.b.membership_total'), 1);
});

test('a change that is taken back before it warmed leaves the old cluster', () => {
  const { manager, named, resolver, stat } = setUp();
  manager.applyDiscovered({ added: [named('b')], removed: [], version: '1' });
  resolver.answerAll('127.0.0.1');
  const before = manager.get('b');
  manager.applyDiscovered({ added: [named('b', 'connect_timeout: 1s,')], removed: [], version: '2' });
  manager.applyDiscovered({ added: [named('b')], removed: [], version: '3' });
  resolver.answerAll('127.0.0.1');
  assert.equal(manager.get('b'), before);
  assert.equal(stat('cluster_manager.warming_clusters'), 0);
});

test('requests under way finish on the cluster that was replaced or removed', async () => {
  const { manager, fixed } = setUp();
  manager.applyDiscovered({ added: [fixed('a')], removed: [], version: '1' });
  const first = ask(manager, 'a');
  await first.started();
  manager.applyDiscovered({ added: [fixed('a', 'connect_timeout: 1s,')], removed: [], version: '2' });
  const second = ask(manager, 'a');
  await second.started();
  manager.applyDiscovered({ added: [], removed: ['a'], version: '3' });
  await Promise.all([upstream.answer(0), upstream.answer(1)]);
  await Promise.all([first.over(), second.over()]);
  assert.deepEqual([first.body, second.body], ['ok', 'ok']);
  await Promise.all(upstream.sockets.map((socket) => socket.readableEnded || once(socket, 'end')));
});

test('a removed cluster is gone, and its gauges with it', () => {
  const { manager, fixed, stat } = setUp();
  manager.applyDiscovered({ added: [fixed('a'), fixed('b')], removed: [], version: '1' });
  manager.applyDiscovered({ added: [], removed: ['a'], version: '2' });
  assert.equal(manager.get('a'), undefined);
  assert.deepEqual(
    [
      stat('cluster_manager.cluster_removed'),
      stat('cluster_manager.active_clusters'),
      stat('cluster.a.membership_total'),
    ],
    [1, 1, 0],
  );
});

test('discovery neither changes nor removes static clusters', () => {
  const { manager, fixed } = setUp();
  manager.addStatic([fixed('a')]);
  const before = manager.get('a');
  manager.applyDiscovered({ added: [fixed('a', 'connect_timeout: 1s,')], removed: [], version: '1' });
  manager.applyDiscovered({ added: [], removed: ['a'], version: '2' });
  assert.equal(manager.get('a'), before);
});

test('certificates that cannot be used are faults of the configuration', () => {
  const { fixed } = setUp();
  const tls = (
    ca: string,
  ) => `transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext,
    common_tls_context: {validation_context: {trusted_ca: ${ca}}}}},`;
  assert.throws(() => fixed('a', tls('{filename: /no/such/file}')), /certificates cannot be used: .*ENOENT/);
  assert.throws(() => fixed('a', tls('{environment_variable: NOT_THERE}')), /NOT_THERE is not set/);
});

test('/clusters shows hosts, limits and how requests ended', () => {
  const { manager, fixed } = setUp();
  manager.addStatic([fixed('a')]);
  manager.applyDiscovered({ added: [fixed('b', 'alt_stat_name: other,')], removed: [], version: '1' });
  const [a, b] = manager.status();
  assert.equal(a?.addedViaApi, false);
  assert.deepEqual([b?.addedViaApi, b?.observabilityName], [true, 'other']);
  assert.equal(a?.thresholds.high.maxRetries, 3);
  assert.deepEqual(a?.hosts[0]?.address, { ip: '127.0.0.1', port: upstream.port });
  assert.deepEqual(a?.hosts[0]?.healthFlags, []);
});

test('endpoints of an EDS cluster follow their file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'eds-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'eds.yaml');
  const write = (address: string, health = 'HEALTHY'): void => {
    const endpoint = `{health_status: ${health}, endpoint: {address: {socket_address: {address: ${address}, port_value: 80}}}}`;
    writeFileSync(
      `${path}.new`,
      `resources:\n- "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment\n  cluster_name: e\n  endpoints: [{lb_endpoints: [${endpoint}]}]\n`,
    );
    renameSync(`${path}.new`, path);
  };
  write('10.0.0.1');
  const { manager, decoded, stat } = setUp();
  const eds = `{name: e, type: EDS, eds_cluster_config: {eds_config: {path_config_source: {path: ${path}}}}}`;
  t.after(() => manager.close());
  manager.addStatic([decoded(eds)]);
  await manager.initialized();
  assert.equal(manager.get('e')?.pick(ANY_HOST)?.address.text, '10.0.0.1:80');
  write('10.0.0.2');
  await turnsUntil(() => stat('cluster.e.update_success') === 2);
  assert.equal(manager.get('e')?.pick(ANY_HOST)?.address.text, '10.0.0.2:80');
  write('not-an-address');
  await turnsUntil(() => stat('cluster.e.update_rejected') === 1);
  assert.equal(manager.get('e')?.pick(ANY_HOST)?.address.text, '10.0.0.2:80');
});

test('an EDS cluster without endpoints stops waiting after its time, and takes them when they come', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'eds-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { manager, decoded, runtime } = setUp();
  t.after(() => manager.close());
  manager.addStatic([
    decoded(
      `{name: e, type: EDS, eds_cluster_config: {eds_config: {path_config_source: {path: ${folder}/none.yaml}}}}`,
    ),
  ]);
  const initialized = manager.initialized();
  runtime.timers.advance(15_000);
  await initialized;
  assert.equal(manager.get('e')?.pick(ANY_HOST), undefined);
});

/** Lets the event loop turn until `ready` holds. */
async function turnsUntil(ready: () => boolean): Promise<void> {
  while (!ready()) await new Promise((resolve) => setImmediate(resolve));
}
