import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatsEndpoint } from './stats-endpoint.ts';
import { StatsStore } from './stats-store.ts';

function storeWithStats(): StatsStore {
  const store = new StatsStore();
  store.counter('cluster.a.upstream_rq_total').add(6);
  store.counter('cluster.b.upstream_rq_total');
  store.gauge('cluster.a.upstream_rq_active').set(2);
  store.gauge('server.live').set(1);
  store.histogram('cluster.b.upstream_rq_time');
  for (const ms of [0, 0, 0, 0, 1, 25]) store.histogram('cluster.a.upstream_rq_time').record(ms);
  return store;
}

function compile(source: string): RegExp | string {
  try {
    return new RegExp(source);
  } catch {
    return 'missing ): (';
  }
}

function ask(query: string, prometheus = false): string {
  const reply = new StatsEndpoint(storeWithStats(), compile).render(new URLSearchParams(query), prometheus);
  assert.equal(reply.status, 200);
  return reply.body;
}

function mustRefuse(query: string, body: string): void {
  const reply = new StatsEndpoint(storeWithStats(), compile).render(new URLSearchParams(query), false);
  assert.deepEqual(reply, { status: 400, contentType: 'text/plain; charset=UTF-8', body });
}

test('text lists counters and gauges by name, then histograms', () => {
  assert.equal(
    ask(''),
    `cluster.a.upstream_rq_active: 2
cluster.a.upstream_rq_total: 6
cluster.b.upstream_rq_total: 0
server.live: 1
cluster.a.upstream_rq_time: P0(nan,0) P25(nan,0) P50(nan,0) P75(nan,1.05) P90(nan,25.5) P95(nan,25.5) P99(nan,25.5) P99.5(nan,25.5) P99.9(nan,25.5) P100(nan,25.5)
cluster.b.upstream_rq_time: No recorded values
`,
  );
});

test('filters choose by name, use and type', () => {
  assert.equal(ask('filter=^server'), 'server.live: 1\n');
  assert.equal(ask('filter=a|b&invert_filter'), 'server.live: 1\n'.repeat(1));
  assert.equal(ask('usedonly&type=Counters'), 'cluster.a.upstream_rq_total: 6\n');
  assert.equal(ask('type=Gauges&filter=active'), 'cluster.a.upstream_rq_active: 2\n');
  assert.equal(ask('type=TextReadouts'), '');
  assert.equal(ask('usedonly&type=Histograms').split('\n').length, 2);
});

test('buckets can be shown instead of quantiles', () => {
  assert.match(
    ask('histogram_buckets=cumulative&filter=a.upstream_rq_time'),
    /: B0.5\(0,4\) B1\(0,5\) .* B25\(0,6\) .* B3.6e\+06\(0,6\)\n$/,
  );
  assert.match(
    ask('histogram_buckets=disjoint&filter=a.upstream_rq_time'),
    /: B0.5\(0,4\) B1\(0,1\) .* B25\(0,1\) .* B300000\(0,0\) /,
  );
  assert.match(
    ask('histogram_buckets=detailed&filter=a.upstream_rq_time'),
    /:\s*\n {2}totals=0,0:4, 1,0.1:1, 25,1:1\n {2}intervals=\n {2}summary=P0\(nan,0\)/,
  );
});

test('JSON has all numbers and one block of histograms', () => {
  const { stats } = JSON.parse(ask('format=json')) as { stats: Record<string, unknown>[] };
  assert.deepEqual(stats[1], { name: 'cluster.a.upstream_rq_total', value: 6 });
  const histograms = stats.at(-1)?.['histograms'] as Record<string, unknown[]>;
  assert.deepEqual(histograms['supported_quantiles'], [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100]);
  const [first] = histograms['computed_quantiles'] as { name: string; values: unknown[] }[];
  assert.equal(first?.name, 'cluster.a.upstream_rq_time');
  assert.deepEqual(first?.values[3], { cumulative: 1.05, interval: null });
  assert.equal(ask('format=json&filter=nothing'), '{"stats":[]}');
});

test('JSON has buckets in the same three forms', () => {
  const histograms = (mode: string): unknown =>
    (
      JSON.parse(ask(`format=json&filter=a.upstream_rq_time&histogram_buckets=${mode}`)) as {
        stats: [{ histograms: unknown }];
      }
    ).stats[0].histograms;
  const [cumulative] = histograms('cumulative') as { name: string; buckets: unknown[] }[];
  assert.deepEqual(cumulative?.buckets[1], { upper_bound: 1, interval: 0, cumulative: 5 });
  const [disjoint] = histograms('disjoint') as { name: string; buckets: unknown[] }[];
  assert.deepEqual(disjoint?.buckets[1], { upper_bound: 1, interval: 0, cumulative: 1 });
  const { details } = histograms('detailed') as { details: { totals: unknown[] }[] };
  assert.deepEqual(details[0]?.totals[1], { lower_bound: 1, width: 0.1, count: 1 });
});

test('a faulty parameter is refused in words', () => {
  mustRefuse('filter=(', 'Invalid re2 regex: missing ): (');
  mustRefuse('type=zz', 'invalid &type= param');
  mustRefuse('format=zz', 'usage: /stats?format=(json|prometheus|text)\n\n');
  mustRefuse('histogram_buckets=zz', 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)');
  mustRefuse('format=prometheus&histogram_buckets=disjoint', 'unsupported prometheus histogram bucket mode');
});
