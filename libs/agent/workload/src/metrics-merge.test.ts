import { createFakeRuntime } from '@weft/core-runtime/testing';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsMerge, type AskForMetrics, type MetricsAnswer } from './metrics-merge.ts';

const SIDECAR = '# TYPE envoy_rq counter\nenvoy_rq{a="b"} 5\n\n# TYPE envoy_live gauge\nenvoy_live 1\n';
const PROGRAM = '# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 7\n';
const OPEN_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

interface World {
  readonly merge: MetricsMerge;
  readonly logged: readonly string[];
  readonly asked: { accept: string; timeoutMs: number }[];
  sidecar: () => MetricsAnswer;
  program: () => MetricsAnswer;
}

function world(): World {
  const runtime = createFakeRuntime();
  const asked: World['asked'] = [];
  const source = (answer: () => MetricsAnswer): AskForMetrics => {
    return (ask) => {
      asked.push(ask);
      return new Promise((resolve) => resolve(answer()));
    };
  };
  const w: World = {
    logged: runtime.logged,
    asked,
    sidecar: () => ({ status: 200, contentType: 'text/plain; charset=UTF-8', body: SIDECAR }),
    program: () => ({ status: 200, contentType: 'text/plain; version=0.0.4', body: PROGRAM }),
    merge: new MetricsMerge({
      sidecar: source(() => w.sidecar()),
      program: source(() => w.program()),
      certificateSeconds: () => 3600,
      log: runtime.loggers.get('metrics'),
    }),
  };
  return w;
}

const sample = (body: string, name: string): number =>
  Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1),
  );

test('one scrape has the metrics of agent, sidecar and program', async () => {
  const { contentType, body } = await world().merge.scrape({});
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(sample(body, 'envoy_rq{a="b"}'), 5);
  assert.equal(sample(body, 'orders_total'), 7);
  assert.equal(sample(body, 'istio_agent_scrapes_total'), 1);
  assert.equal(sample(body, 'istio_agent_cert_expiry_seconds{resource_name="default"}'), 3600);
});

test('who does not answer, or with something else, hides nobody, and is counted', async () => {
  const w = world();
  const refusals: readonly (readonly [() => MetricsAnswer, RegExp])[] = [
    [
      () => {
        throw new Error('connect ECONNREFUSED');
      },
      /no metrics of the program: connect ECONNREFUSED/,
    ],
    [() => ({ status: 404, contentType: 'text/plain', body: 'no' }), /it answered 404/],
    [() => ({ status: 200, contentType: 'text/html', body: '<p>' }), /it answered text\/html, which is no metrics/],
  ];
  const good = w.program;
  for (const [at, [answer, text]] of refusals.entries()) {
    w.program = answer;
    const { body } = await w.merge.scrape({});
    await w.merge.scrape({});
    assert.equal(sample(body, 'envoy_rq{a="b"}'), 5);
    assert.equal(sample(body, 'istio_agent_scrape_failures_total{type="application"}'), 2 * at + 1);
    assert.match(w.logged.at(-1) ?? '', text);
    assert.equal(w.logged.length, at + 1, 'told once, not with each scrape');
    w.program = good;
    await w.merge.scrape({});
  }
  w.sidecar = () => ({ status: 503, contentType: '', body: '' });
  const { body } = await w.merge.scrape({});
  assert.equal(sample(body, 'orders_total'), 7);
  assert.equal(sample(body, 'istio_agent_scrape_failures_total{type="envoy"}'), 1);
});

test('OpenMetrics of the program makes everything OpenMetrics, which ends once', async () => {
  const w = world();
  w.program = () => ({ status: 200, contentType: OPEN_TYPE, body: '# TYPE orders counter\norders_total 7\n# EOF\n' });
  const { contentType, body } = await w.merge.scrape({ accept: 'application/openmetrics-text' });
  assert.equal(contentType, OPEN_TYPE);
  assert.match(body, /# TYPE istio_agent_scrapes counter\nistio_agent_scrapes_total 1\n/);
  // In OpenMetrics a counter without _total is no counter, and empty lines are faults.
  assert.match(body, /# TYPE envoy_rq unknown\nenvoy_rq\{a="b"\} 5\n# TYPE envoy_live gauge\n/);
  assert.doesNotMatch(body, /\n\n/);
  assert.equal(body.split('# EOF').length, 2);
  assert.ok(body.endsWith('orders_total 7\n# EOF\n'));
  w.program = () => ({ status: 200, contentType: OPEN_TYPE, body: 'orders_total 7' });
  assert.ok((await w.merge.scrape({})).body.endsWith('orders_total 7\n# EOF\n'));
});

test('the program is asked for what scraper and merge both take, within the time of the scraper', async () => {
  const w = world();
  await w.merge.scrape({
    accept: 'application/vnd.google.protobuf;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1',
    'x-prometheus-scrape-timeout-seconds': '5',
  });
  await w.merge.scrape({ accept: 'application/vnd.google.protobuf' });
  assert.deepEqual(w.asked, [
    { accept: 'text/plain;version=0.0.4', timeoutMs: 4500 },
    { accept: 'application/openmetrics-text;version=1.0.0;q=0.8, */*;q=0.1', timeoutMs: 4500 },
    { accept: 'text/plain;version=0.0.4', timeoutMs: 10_000 },
    { accept: 'text/plain;version=0.0.4', timeoutMs: 10_000 },
  ]);
});
