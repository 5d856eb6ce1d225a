import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startSource, type RunningProcess } from '@weft/testing-harness';
import { ensurePrograms } from '../../../tools/setup/system-packages.mjs';

/** The stat names of Envoy's front-proxy tutorial, without their prefix `cluster.service1.`. */
const CLUSTER_STATS = `
  circuit_breakers.default.cx_open circuit_breakers.default.rq_open circuit_breakers.default.rq_pending_open
  circuit_breakers.default.rq_retry_open circuit_breakers.high.cx_open circuit_breakers.high.rq_open
  circuit_breakers.high.rq_pending_open circuit_breakers.high.rq_retry_open
  external.upstream_rq_200 external.upstream_rq_2xx external.upstream_rq_completed
  http2.header_overflow http2.headers_cb_no_stream http2.rx_messaging_error http2.rx_reset http2.too_many_header_frames
  http2.trailers http2.tx_reset
  lb_healthy_panic lb_local_cluster_not_ok lb_recalculate_zone_structures lb_subsets_active lb_subsets_created
  lb_subsets_fallback lb_subsets_removed lb_subsets_selected lb_zone_cluster_too_small lb_zone_no_capacity_left
  lb_zone_number_differs lb_zone_routing_all_directly lb_zone_routing_cross_zone lb_zone_routing_sampled
  max_host_weight membership_change membership_degraded membership_healthy membership_total
  bind_errors original_dst_host_invalid retry_or_shadow_abandoned version
  update_attempt update_empty update_failure update_no_rebuild update_success
  upstream_cx_active upstream_cx_close_notify upstream_cx_connect_attempts_exceeded upstream_cx_connect_fail
  upstream_cx_connect_timeout upstream_cx_destroy upstream_cx_destroy_local upstream_cx_destroy_local_with_active_rq
  upstream_cx_destroy_remote upstream_cx_destroy_remote_with_active_rq upstream_cx_destroy_with_active_rq
  upstream_cx_http1_total upstream_cx_http2_total upstream_cx_idle_timeout upstream_cx_max_requests upstream_cx_none_healthy
  upstream_cx_overflow upstream_cx_protocol_error upstream_cx_rx_bytes_buffered upstream_cx_rx_bytes_total
  upstream_cx_total upstream_cx_tx_bytes_buffered upstream_cx_tx_bytes_total
  upstream_flow_control_backed_up_total upstream_flow_control_drained_total
  upstream_flow_control_paused_reading_total upstream_flow_control_resumed_reading_total
  upstream_internal_redirect_failed_total upstream_internal_redirect_succeeded_total
  upstream_rq_200 upstream_rq_2xx upstream_rq_active upstream_rq_cancelled upstream_rq_completed
  upstream_rq_maintenance_mode upstream_rq_pending_active upstream_rq_pending_failure_eject upstream_rq_pending_overflow
  upstream_rq_pending_total upstream_rq_per_try_timeout upstream_rq_retry upstream_rq_retry_overflow
  upstream_rq_retry_success upstream_rq_rx_reset upstream_rq_timeout upstream_rq_total upstream_rq_tx_reset`
  .trim()
  .split(/\s+/);
const FILE_STATS = ['flushed_by_timer', 'reopen_failed', 'write_buffered', 'write_completed', 'write_total_buffered'];

describe('the admin server of a proxy that runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-admin-'));
  let upstream: Server;
  let proxy: RunningProcess;
  let admin = '';
  let gateway = '';

  before(async () => {
    upstream = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    const file = join(folder, 'front.yaml');
    writeFileSync(file, bootstrap(port));
    const addressFile = join(folder, 'admin-address');
    proxy = await startSource({
      main: 'apps/proxy/src/main.ts',
      args: [
        '-c',
        file,
        '--service-cluster',
        'front-proxy',
        '--service-node',
        'front',
        '--admin-address-path',
        addressFile,
      ],
      ready: /starting main dispatch loop/,
    });
    admin = `http://${readFileSync(addressFile, 'utf8')}`;
    const { listener_statuses: statuses } = await json('/listeners?format=json');
    gateway = `http://127.0.0.1:${statuses[0].local_address.socket_address.port_value}`;
  });
  after(async () => {
    await proxy?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = async (path: string): Promise<string> => (await fetch(admin + path)).text();
  const post = (path: string) => fetch(admin + path, { method: 'POST' });
  // Bodies of many shapes; each test knows which it asked for.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const json = async (path: string): Promise<any> => JSON.parse(await get(path));
  async function stats(query = ''): Promise<Map<string, string>> {
    const lines = (await get(`/stats${query}`)).trimEnd().split('\n');
    return new Map(lines.map((line) => line.split(': ') as [string, string]));
  }

  it('has every name of the front-proxy tutorial from the start, and nothing has moved those that requests move', async () => {
    const all = await stats();
    const names = [
      ...CLUSTER_STATS.map((name) => `cluster.service1.${name}`),
      ...FILE_STATS.map((name) => `filesystem.${name}`),
    ];
    assert.equal(new Set(names).size, 98);
    assert.deepEqual(names.filter((name) => !all.has(name)), []); // prettier-ignore
    const moved = /membership|max_host_weight|version|update_|filesystem/;
    for (const name of names.filter((name) => !moved.test(name))) assert.equal(all.get(name), '0', name);
  });

  it('counts requests where Envoy counts them', async () => {
    for (let i = 0; i < 15; i += 1) assert.equal(await (await fetch(`${gateway}/service/1`)).text(), 'hello');
    const all = await stats('?filter=^cluster\\.service1\\.');
    for (const name of [
      'upstream_rq_total',
      'upstream_rq_200',
      'upstream_rq_2xx',
      'upstream_rq_completed',
      'external.upstream_rq_200',
    ])
      assert.equal(all.get(`cluster.service1.${name}`), '15', name);
    assert.equal(all.get('cluster.service1.membership_healthy'), '1');
    assert.equal(all.get('cluster.service1.upstream_cx_http2_total'), '0');
  });

  it('filters stats, hides unused ones, and prints JSON', async () => {
    const filtered = await stats('?filter=downstream_rq_total');
    assert.deepEqual([...filtered.keys()], ['http.ingress_http.downstream_rq_total']);
    const used = await stats('?usedonly');
    assert.ok(used.has('cluster.service1.upstream_rq_total'));
    assert.ok(!used.has('cluster.service1.upstream_rq_timeout'));
    const { stats: list } = await json('/stats?format=json&filter=upstream_rq_2xx');
    assert.deepEqual(list.find(({ name }: { name: string }) => name === 'cluster.service1.upstream_rq_2xx').value, 15);
  });

  it('gives Prometheus a page that promtool takes', async () => {
    assert.deepEqual(ensurePrograms(['promtool']), []);
    const page = await get('/stats/prometheus');
    assert.match(
      page,
      /^# TYPE envoy_cluster_upstream_rq_total counter\n(?:.*\n)*?envoy_cluster_upstream_rq_total\{envoy_cluster_name="service1"\} 15$/m,
    );
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
    // 3 says "only lint": Envoy's names have no unit and no help, and its users' dashboards ask for those names.
    assert.ok(status === 0 || status === 3, stderr);
    const complaints = stderr
      .split('\n')
      .filter(
        (line) =>
          line !== '' &&
          !/no help text|use base unit|should have "_total" suffix|non-histogram and non-summary|should not have|abbreviated|metric names should/.test(
            line,
          ),
      );
    assert.deepEqual(complaints, []);
  });

  it('says who it is and that it is ready', async () => {
    const info = await json('/server_info');
    assert.equal(info.state, 'LIVE');
    assert.match(info.version, /^[0-9a-f]{40}\/\S+\/Clean\/RELEASE\/OpenSSL/);
    assert.equal(info.command_line_options.service_cluster, 'front-proxy');
    assert.equal(info.node.id, 'front');
    assert.equal(await get('/ready'), 'LIVE\n');
  });

  it('lists clusters and listeners, as text and as JSON', async () => {
    assert.match(await get('/clusters'), /^service1::127\.0\.0\.1:\d+::rq_total::15$/m);
    assert.match(await get('/clusters'), /^service1::default_priority::max_connections::1024$/m);
    const { cluster_statuses: clusters } = await json('/clusters?format=json');
    assert.equal(clusters[0].name, 'service1');
    assert.match(await get('/listeners'), /^ingress::127\.0\.0\.1:\d+$/m);
  });

  it('dumps the configuration', async () => {
    const { configs } = await json('/config_dump');
    const types = configs.map((section: Record<string, string>) => section['@type']?.split('.').at(-1));
    assert.deepEqual(types, ['BootstrapConfigDump', 'ClustersConfigDump', 'ListenersConfigDump', 'RoutesConfigDump']);
    assert.equal(configs[1].static_clusters[0].cluster.name, 'service1');
  });

  it('changes the runtime and log levels by POST only', async () => {
    assert.equal((await fetch(`${admin}/runtime_modify?a.b=5`)).status, 405);
    assert.equal((await post('/runtime_modify?a.b=5')).status, 200);
    assert.equal((await json('/runtime')).entries['a.b'].final_value, '5');
    assert.match(await (await post('/logging?level=debug')).text(), /main: debug/);
    await post('/logging?level=info');
  });

  it('resets counters', async () => {
    await post('/reset_counters');
    assert.equal((await stats()).get('cluster.service1.upstream_rq_total'), '0');
  });

  it('has an index that links every endpoint', async () => {
    const page = await get('/');
    for (const path of [
      'clusters',
      'config_dump',
      'listeners',
      'logging',
      'ready',
      'runtime',
      'server_info',
      'stats',
      'stats/prometheus',
      'quitquitquit',
      'drain_listeners',
      'reset_counters',
      'certs',
      'memory',
    ])
      assert.ok(page.includes(`/${path}`), path);
  });

  it('drains listeners, and quits, when it is told to', async () => {
    await post('/drain_listeners');
    await assert.rejects(fetch(gateway));
    assert.equal((await post('/quitquitquit')).status, 200);
    assert.equal((await proxy.exited).code, 0);
  });
});

function bootstrap(upstreamPort: number): string {
  return `
admin:
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
static_resources:
  listeners:
  - name: ingress
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress_http
          route_config:
            name: local_route
            virtual_hosts:
            - {name: backend, domains: ["*"], routes: [{match: {prefix: "/service/1"}, route: {cluster: service1}}]}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: service1
    type: STRICT_DNS
    connect_timeout: 0.25s
    load_assignment:
      cluster_name: service1
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${upstreamPort}}}}}]}]
`;
}
