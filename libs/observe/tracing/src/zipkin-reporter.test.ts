import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRandom, FakeTime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { FakeCollector, fakeFlags, fakeStream } from './testing.ts';
import { ZipkinReporter } from './zipkin-reporter.ts';
import { ZipkinSpan } from './zipkin-span.ts';

const CONFIG = {
  collectorCluster: 'zipkin',
  collectorEndpoint: '/api/v2/spans',
  collectorHostname: 'zipkin.host',
  traceId128bit: false,
  sharedSpanContext: true,
  splitSpansForRequest: false,
  w3c: false,
};
const ALL = { numerator: 100, denominator: 100 } as const;

function world(flags: Record<string, number> = {}) {
  const time = new FakeTime();
  const collector = new FakeCollector();
  const stats = createNullScope();
  const reporter = new ZipkinReporter(CONFIG, {
    timers: time,
    flags: fakeFlags(flags),
    stats,
    endpoint: { serviceName: 'a "b"', ip: '::1' },
    transport: collector,
  });
  const settings = {
    config: {
      clientSampling: ALL,
      randomSampling: ALL,
      overallSampling: ALL,
      verbose: false,
      maxPathTagLength: 256,
      customTags: [],
      spawnUpstreamSpan: false,
      noContextPropagation: false,
      provider: CONFIG,
    },
    w3c: false,
    spawnUpstreamSpan: false,
    egress: false,
    clock: time,
    random: new FakeRandom(),
    node: { id: '', zone: '' },
    reporter,
    customTags: [],
  };
  const origin = { kind: 'SERVER', sampled: true, style: 'b3-multi', shared: false } as const;
  const finishSpan = (text = 'x'): void => {
    const { info, request } = fakeStream(time, '/');
    const context = { traceId: '1'.repeat(16), spanId: '1'.repeat(16), parentId: '' };
    const span = new ZipkinSpan(settings, { ...origin, context }, { info, name: 'x', parent: undefined });
    span.setTag('text', text);
    span.setTag('twice', 'old');
    span.setTag('twice', 'new');
    span.finish(info, request, undefined);
    span.finish(info, request, undefined);
  };
  const count = (name: string): number => stats.scope('tracing.zipkin.').counter(name).value;
  return { time, collector, reporter, finishSpan, count };
}

test('five spans make a report, and what is left goes after five seconds', () => {
  const { time, collector, finishSpan, count } = world();
  for (let i = 0; i < 6; i += 1) finishSpan();
  assert.equal(collector.reports.length, 1);
  const [report] = collector.reports;
  assert.deepEqual(
    [report?.cluster, report?.host, report?.path, report?.timeoutMs],
    ['zipkin', 'zipkin.host', '/api/v2/spans', 5000],
  );
  time.advance(5000);
  assert.equal(collector.reports.length, 2);
  assert.deepEqual([count('spans_sent'), count('reports_sent'), count('timer_flushed')], [6, 2, 1]);
  assert.equal(collector.spans.length, 6);
});

test('the runtime changes how many spans and how much time', () => {
  const { time, collector, finishSpan } = world({
    'tracing.zipkin.min_flush_spans': 2,
    'tracing.zipkin.flush_interval_ms': 100,
    'tracing.zipkin.request_timeout': 7,
  });
  finishSpan();
  time.advance(99);
  assert.equal(collector.reports.length, 0);
  time.advance(1);
  assert.equal(collector.reports[0]?.timeoutMs, 7);
  finishSpan();
  finishSpan();
  assert.equal(collector.reports.length, 2);
});

test('a span is reported once, with the last value of each tag, and strange names do no harm', () => {
  const { reporter, collector, finishSpan } = world();
  finishSpan();
  reporter.flush();
  assert.equal(collector.spans.length, 1);
  const [span] = collector.spans;
  assert.equal((span?.['tags'] as Record<string, string>)['twice'], 'new');
  assert.deepEqual(span?.['localEndpoint'], { serviceName: 'a "b"', ipv6: '::1', port: 0 });
  assert.equal(span?.['duration'], 1);
});

test('a tag is whatever text its bytes are, even broken ones', () => {
  const { reporter, collector, finishSpan } = world();
  finishSpan(Buffer.from('é "日本"\n', 'utf8').toString('latin1'));
  finishSpan('\u00ff\u00fe');
  const ascii = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i));
  finishSpan(ascii);
  reporter.flush();
  assert.deepEqual(
    collector.spans.map((span) => (span['tags'] as Record<string, string>)['text']),
    ['é "日本"\n', '\ufffd\ufffd', ascii],
  );
});

test('every outcome of a report is counted', () => {
  const { reporter, collector, finishSpan, count } = world();
  for (const outcome of [202, 'no cluster', 'failed', 500] as const) {
    collector.outcome = outcome;
    finishSpan();
    reporter.flush();
  }
  assert.deepEqual(
    ['reports_sent', 'reports_skipped_no_cluster', 'reports_failed', 'reports_dropped'].map(count),
    [1, 1, 1, 1],
  );
});

test('a collector that hangs gets no more than so many reports at a time', () => {
  const { reporter, collector, finishSpan, count } = world();
  collector.outcome = 'later';
  for (let i = 0; i < 40; i += 1) {
    finishSpan();
    reporter.flush();
  }
  assert.equal(collector.reports.length, 32);
  assert.equal(count('reports_dropped'), 8);
  collector.answerAll('failed');
  finishSpan();
  reporter.flush();
  assert.equal(collector.reports.length, 33);
});

test('closing sends the rest and leaves no timer behind', () => {
  const { time, reporter, collector, finishSpan } = world();
  finishSpan();
  reporter.close();
  assert.equal(collector.spans.length, 1);
  assert.equal(time.pending, 0);
});
