import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { PrometheusFormatter } from './prometheus.ts';
import { select } from './selection.ts';
import { parseStatsQuery } from './stats-query.ts';
import { StatsStore } from './stats-store.ts';

function format(store: StatsStore, query = '', formatter = new PrometheusFormatter()): string {
  const parsed = parseStatsQuery(new URLSearchParams(query), true, (source) => new RegExp(source));
  assert.ok(typeof parsed === 'object');
  return formatter.format(select(store, parsed), parsed.buckets);
}

test('a family is one TYPE line and its series together, whatever lies between them by name', () => {
  const store = new StatsStore();
  store.counter('cluster.up.upstream_rq_503').add(2);
  store.counter('cluster.dead.upstream_rq_503').inc();
  store.counter('cluster.up.upstream_rq_200').add(4);
  store.counter('cluster.up.upstream_rq_total').add(6);
  store.gauge('server.live').set(1);
  assert.equal(
    format(store),
    `# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="dead"} 1
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="up"} 4
envoy_cluster_upstream_rq{envoy_response_code="503",envoy_cluster_name="up"} 2
# TYPE envoy_cluster_upstream_rq_total counter
envoy_cluster_upstream_rq_total{envoy_cluster_name="up"} 6
# TYPE envoy_server_live gauge
envoy_server_live{} 1
`,
  );
});

test('a histogram has cumulative buckets, the sum and the count', () => {
  const store = new StatsStore();
  for (const ms of [0, 0, 0, 0, 1, 25]) store.histogram('http.in.downstream_rq_time').record(ms);
  const lines = format(store).split('\n');
  assert.equal(lines[0], '# TYPE envoy_http_downstream_rq_time histogram');
  assert.equal(lines[2], 'envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix="in",le="1"} 5');
  assert.deepEqual(lines.slice(-4), [
    'envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix="in",le="+Inf"} 6',
    'envoy_http_downstream_rq_time_sum{envoy_http_conn_manager_prefix="in"} 26',
    'envoy_http_downstream_rq_time_count{envoy_http_conn_manager_prefix="in"} 6',
    '',
  ]);
});

test('a summary has the quantiles of the last interval', () => {
  const store = new StatsStore();
  store.histogram('t').record(1);
  assert.match(format(store, 'histogram_buckets=summary'), /envoy_t\{quantile="0.5"\} NaN\n/);
  store.flush();
  assert.match(format(store, 'histogram_buckets=summary'), /envoy_t\{quantile="0.995"\} 1.05\n/);
});

test('names and values that Prometheus could not read are changed or escaped', () => {
  const store = new StatsStore();
  store.counter('cluster.a-b|"c"\\\n.x-y').inc();
  const formatter = new PrometheusFormatter([], [{ tag: '1st.zone', value: 'z' }]);
  assert.equal(
    format(store, '', formatter),
    '# TYPE envoy_cluster_x_y counter\nenvoy_cluster_x_y{_1st_zone="z",envoy_cluster_name="a-b|\\"c\\"\\\\\\n"} 1\n',
  );
});

/** Every complaint promtool may have of Envoy's own names; anything else is a fault of the format. */
const ENVOYS_NAMES = [
  /no help text$/,
  /counter metrics should have "_total" suffix$/,
  /non-counter metrics should not have "_total" suffix$/,
  /non-histogram and non-summary metrics should not have "_count" suffix$/,
  /metric names should not contain abbreviated units$/,
  /use base unit "\w+" instead of "\w+"$/,
];

function promtool(page: string): { status: number | null; complaints: string[] } {
  const run = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if (run.error !== undefined) assert.fail('promtool is not on the path: apt-get install prometheus');
  return { status: run.status, complaints: run.stderr.split('\n').filter((line) => line !== '') };
}

test('promtool reads the page and has nothing to say but about the names that Envoy chose', () => {
  const store = new StatsStore();
  for (const cluster of ['a', 'b.c', 'd|"e"']) {
    for (const name of ['upstream_rq_200', 'upstream_rq_2xx', 'upstream_rq_total', 'upstream_cx_rx_bytes_total']) {
      store.counter(`cluster.${cluster}.${name}`).add(3);
    }
    store.gauge(`cluster.${cluster}.membership_total`).set(2);
    store.histogram(`cluster.${cluster}.upstream_rq_time`).record(7);
  }
  // Two kinds and two spellings of one Prometheus name: each would be fatal if printed as it is.
  store.gauge('clash');
  store.counter('clash');
  store.histogram('empty_ms');
  for (const query of ['', 'usedonly', 'histogram_buckets=summary']) {
    const { status, complaints } = promtool(format(store, query));
    assert.ok(status === 0 || status === 3, complaints.join('\n'));
    assert.deepEqual(
      complaints.filter((line) => !ENVOYS_NAMES.some((known) => known.test(line))),
      [],
    );
  }
});

test('promtool would notice a family that is torn apart', () => {
  assert.equal(promtool('# TYPE a counter\na{} 1\n# TYPE a gauge\na{} 1\n').status, 1);
});
