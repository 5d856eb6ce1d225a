import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseFlag, ResponseHeaderMap, socketAddress } from '@weft/core-http';
import { FakeRandom, FakeTime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { TracingConfig, ZipkinConfig } from './config.ts';
import { FakeCollector, fakeFlags, fakeStream } from './testing.ts';
import { HttpTracer, type TracedStream, type TracerContext } from './http-tracer.ts';
import { ZipkinReporter } from './zipkin-reporter.ts';

const TRACE = '463ac35c9f6413ad48485a3953bb6124';
const SPAN = 'a2fb4a1d1a96d312';
const PARENT = '0020000000000001';
const INCOMING = ['x-b3-traceid', TRACE, 'x-b3-spanid', SPAN, 'x-b3-parentspanid', PARENT, 'x-b3-sampled', '1'];
const ALL = { numerator: 100, denominator: 100 } as const;
const NONE = { numerator: 0, denominator: 100 } as const;
const NO_ROUTE: TracedStream = { route: undefined };

const ZIPKIN: ZipkinConfig = {
  collectorCluster: 'zipkin',
  collectorEndpoint: '/api/v2/spans',
  collectorHostname: 'zipkin',
  traceId128bit: false,
  sharedSpanContext: true,
  splitSpansForRequest: false,
  w3c: false,
};
const TRACING: TracingConfig = {
  clientSampling: ALL,
  randomSampling: ALL,
  overallSampling: ALL,
  verbose: false,
  maxPathTagLength: 256,
  customTags: [],
  spawnUpstreamSpan: false,
  noContextPropagation: false,
  provider: ZIPKIN,
};

interface World {
  tracing?: Partial<TracingConfig>;
  zipkin?: Partial<ZipkinConfig>;
  trafficDirection?: TracerContext['trafficDirection'];
  flags?: Record<string, number>;
}

function world({ tracing = {}, zipkin = {}, trafficDirection = 'UNSPECIFIED', flags = {} }: World = {}) {
  const time = new FakeTime();
  const collector = new FakeCollector();
  const stats = createNullScope();
  const config = { ...ZIPKIN, ...zipkin };
  const reporter = new ZipkinReporter(config, {
    timers: time,
    flags: fakeFlags({ 'tracing.zipkin.min_flush_spans': 100, ...flags }),
    stats,
    endpoint: { serviceName: 'front', ip: '192.0.2.1' },
    transport: collector,
  });
  const tracer = new HttpTracer({ ...TRACING, ...tracing }, config, {
    clock: time,
    random: new FakeRandom([0x11, 0x22, 0x33, 0x44]),
    flags: fakeFlags(flags),
    stats: stats.scope('http.in.'),
    node: { id: 'n1', zone: 'z1' },
    reporter,
    trafficDirection,
    environment: (name) => (name === 'HOME' ? '/root' : undefined),
  });
  /** One request from its head to its end; what the upstream got, and its spans. */
  const run = (headers: string[] = [], stream = NO_ROUTE, status = 200) => {
    const { request, info } = fakeStream(time, '/x?y=1', headers);
    const span = tracer.start(request, info, stream);
    const upstream = request.clone();
    const child = span?.spawnUpstream('router up egress');
    (child ?? span)?.inject(upstream);
    info.upstreamHost = socketAddress('127.0.0.1', 81);
    info.upstreamCluster = 'up';
    info.responseCode = status;
    info.bytesSent = 142;
    time.advance(3);
    const response = new ResponseHeaderMap(status);
    child?.finish(info, upstream, response);
    info.endMs = time.nowMs();
    span?.finish(info, request, response);
    reporter.flush();
    return { request, upstream, info, span };
  };
  return { time, collector, stats, tracer, run };
}

function b3(headers: { get(name: string): string | undefined }): (string | undefined)[] {
  return ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled'].map((name) => headers.get(name));
}

const ONES = '11'.repeat(8);
const TWOS = '22'.repeat(8);

test('a request without a trace begins one', () => {
  const { run, collector } = world();
  const { upstream, info } = run();
  assert.deepEqual(b3(upstream), [ONES, ONES, undefined, '1']);
  assert.equal(info.traceId, ONES);
  assert.deepEqual(collector.spans, [
    {
      traceId: ONES,
      id: ONES,
      kind: 'SERVER',
      name: 'shop.example',
      timestamp: 1_700_000_000_000_000,
      duration: 3000,
      localEndpoint: { serviceName: 'front', ipv4: '192.0.2.1', port: 0 },
      annotations: [{ timestamp: 1_700_000_000_003_000, value: 'ss' }],
      tags: {
        'guid:x-request-id': '00000001-0000-9000-8000-000000000000',
        'http.url': 'http://shop.example/x?y=1',
        'http.method': 'GET',
        downstream_cluster: '-',
        user_agent: '-',
        'http.protocol': 'HTTP/1.1',
        'peer.address': '10.0.0.1',
        request_size: '0',
        response_size: '142',
        component: 'proxy',
        upstream_cluster: 'up',
        'upstream_cluster.name': 'up',
        'http.status_code': '200',
        response_flags: '-',
        node_id: 'n1',
        zone: 'z1',
      },
    },
  ]);
});

test('on the side of the called, an incoming span is shared with the caller', () => {
  const { run, collector } = world({ trafficDirection: 'INBOUND' });
  assert.deepEqual(b3(run(INCOMING).upstream), [TRACE, SPAN, PARENT, '1']);
  const [span] = collector.spans;
  assert.deepEqual(
    [span?.['id'], span?.['parentId'], span?.['shared'], span?.['kind']],
    [SPAN, PARENT, true, 'SERVER'],
  );
});

test('without sharing, and on the side of the caller, the span is a child', () => {
  for (const [setup, kind] of [
    [{ zipkin: { sharedSpanContext: false } }, 'SERVER'],
    [{ trafficDirection: 'OUTBOUND' }, 'CLIENT'],
  ] as [World, string][]) {
    const { run, collector } = world(setup);
    assert.deepEqual(b3(run(INCOMING).upstream), [TRACE, ONES, SPAN, '1']);
    const [span] = collector.spans;
    assert.deepEqual(
      [span?.['id'], span?.['parentId'], span?.['shared'], span?.['kind']],
      [ONES, SPAN, undefined, kind],
    );
  }
});

test('a span for each attempt, where the configuration wants it', () => {
  for (const setup of [{ tracing: { spawnUpstreamSpan: true } }, { zipkin: { splitSpansForRequest: true } }]) {
    const { run, collector } = world({ ...setup, trafficDirection: 'OUTBOUND' });
    assert.deepEqual(b3(run().upstream), [ONES, TWOS, ONES, '1']);
    const [child, parent] = collector.spans;
    assert.deepEqual([parent?.['id'], parent?.['kind'], parent?.['name']], [ONES, 'SERVER', 'shop.example']);
    assert.deepEqual([child?.['parentId'], child?.['kind'], child?.['name']], [ONES, 'CLIENT', 'router up egress']);
    assert.deepEqual(child?.['tags'], {
      'http.protocol': 'HTTP/1.1',
      upstream_address: '127.0.0.1:81',
      'peer.address': '127.0.0.1:81',
      component: 'proxy',
      upstream_cluster: 'up',
      'upstream_cluster.name': 'up',
      'http.status_code': '200',
      response_flags: '-',
    });
  }
});

test('attempts after the first are numbered, and one without an answer is an error', () => {
  const { time, tracer, collector } = world({ tracing: { spawnUpstreamSpan: true } });
  const { request, info } = fakeStream(time, '/');
  const span = tracer.start(request, info, NO_ROUTE);
  span?.spawnUpstream('a')?.finish(info, request, undefined);
  info.setFlag(ResponseFlag.UpstreamConnectionTermination);
  span?.spawnUpstream('a')?.finish(info, request, undefined);
  time.advance(5000);
  const [first, second] = collector.spans.map((one) => one['tags'] as Record<string, string>);
  assert.deepEqual([first?.['retry.count'], first?.['error'], first?.['http.status_code']], [undefined, 'true', '0']);
  assert.deepEqual([second?.['retry.count'], second?.['response_flags']], ['1', 'UC']);
  assert.equal(span?.spawnUpstream('a')?.spawnUpstream('b'), undefined);
});

test('a status of 500 and above is an error', () => {
  for (const [status, error] of [
    [499, undefined],
    [500, 'true'],
    [503, 'true'],
  ] as const) {
    const { run, collector } = world();
    run([], NO_ROUTE, status);
    assert.equal((collector.spans[0]?.['tags'] as Record<string, string>)['error'], error);
  }
});

test('a request that is not sampled passes its context on and reports nothing', () => {
  const { run, collector } = world({ tracing: { randomSampling: NONE } });
  const { upstream } = run();
  assert.deepEqual(b3(upstream), [ONES, ONES, undefined, '0']);
  assert.equal(upstream.get('x-request-id'), '00000001-0000-4000-8000-000000000000');
  assert.deepEqual(collector.reports, []);
});

test("the caller's decision counts more than our own", () => {
  const never = world({ tracing: { randomSampling: NONE } });
  assert.equal(never.run(INCOMING).upstream.get('x-b3-sampled'), '1');
  assert.equal(never.collector.spans.length, 1);
  const always = world();
  assert.equal(always.run([...INCOMING.slice(0, 6), 'x-b3-sampled', '0']).upstream.get('x-b3-sampled'), '0');
  assert.equal(always.collector.spans.length, 0);
});

test('the decision stands in the request id, for the next proxy to follow', () => {
  const cases: [headers: string[], tracing: Partial<TracingConfig>, digit: string, traced: boolean][] = [
    [[], {}, '9', true],
    [['x-envoy-force-trace', '1'], { randomSampling: NONE }, 'a', true],
    [['x-client-trace-id', 'c'], { randomSampling: NONE }, 'b', true],
    [['x-client-trace-id', 'c'], { randomSampling: NONE, clientSampling: NONE }, '4', false],
    [[], { overallSampling: NONE }, '4', false],
  ];
  for (const [headers, tracing, digit, traced] of cases) {
    const { run, collector } = world({ tracing });
    const { upstream, info } = run(headers);
    assert.equal(upstream.get('x-request-id')?.[14], digit);
    assert.equal(info.requestId, upstream.get('x-request-id'));
    assert.equal(collector.spans.length, traced ? 1 : 0);
  }
});

test('a decision made before us is kept', () => {
  const { time, tracer } = world({ tracing: { randomSampling: NONE } });
  for (const digit of ['9', 'a', 'b']) {
    const { request, info } = fakeStream(time, '/');
    request.set('x-request-id', `00000001-0000-${digit}000-8000-000000000000`);
    assert.equal(tracer.start(request, info, NO_ROUTE)?.origin.sampled, true);
  }
  const { request, info } = fakeStream(time, '/');
  request.set('x-request-id', 'abc');
  assert.equal(tracer.start(request, info, NO_ROUTE)?.origin.sampled, false);
  assert.equal(request.get('x-request-id'), 'abc');
});

test('the share of sampled requests follows the id, the route and the runtime', () => {
  const { time, tracer } = world({ tracing: { randomSampling: { numerator: 500, denominator: 10_000 } } });
  const sampled = (number: number, stream = NO_ROUTE): boolean | undefined => {
    const { request, info } = fakeStream(time, '/');
    request.set('x-request-id', `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`);
    return tracer.start(request, info, stream)?.origin.sampled;
  };
  assert.deepEqual([sampled(499), sampled(500), sampled(10_499)], [true, false, true]);
  const tracing = { clientSampling: undefined, randomSampling: ALL, overallSampling: undefined };
  assert.equal(sampled(500, { route: { route: { decorator: undefined, tracing } } }), true);
  const off = world({ flags: { 'tracing.global_enabled': 0 } });
  off.run();
  assert.equal(off.collector.spans.length, 0);
});

test('a decorator names the span on both sides of the call', () => {
  const route = { route: { route: { decorator: { operation: 'myop', propagate: true }, tracing: undefined } } };
  const ingress = world();
  const { span, upstream } = ingress.run([], route);
  assert.equal(ingress.collector.spans[0]?.['name'], 'myop');
  assert.equal(upstream.get('x-envoy-decorator-operation'), undefined);
  const response = new ResponseHeaderMap(200);
  span?.decorate(response);
  assert.equal(response.get('x-envoy-decorator-operation'), 'myop');

  const overridden = world();
  const second = overridden.run(['x-envoy-decorator-operation', 'theirs'], route);
  assert.equal(overridden.collector.spans[0]?.['name'], 'theirs');
  assert.equal(second.upstream.get('x-envoy-decorator-operation'), undefined);
  const plain = new ResponseHeaderMap(200);
  second.span?.decorate(plain);
  assert.equal(plain.get('x-envoy-decorator-operation'), undefined);

  const egress = world({ trafficDirection: 'OUTBOUND' });
  assert.equal(egress.run([], route).upstream.get('x-envoy-decorator-operation'), 'myop');
});

test('on the side of the caller, the called may name the span', () => {
  const { time, tracer } = world({ trafficDirection: 'OUTBOUND' });
  const { request, info } = fakeStream(time, '/');
  const span = tracer.start(request, info, NO_ROUTE);
  const response = new ResponseHeaderMap(200, ['x-envoy-decorator-operation', 'theirs']);
  span?.decorate(response);
  assert.equal(span?.name, 'theirs');
  assert.equal(response.get('x-envoy-decorator-operation'), undefined);
});

test('custom tags, a shortened path and the moments of the request', () => {
  const { run, collector, time } = world({
    tracing: {
      verbose: true,
      maxPathTagLength: 2,
      customTags: [
        { tag: 'lit', kind: 'literal', value: 'foo' },
        { tag: 'env', kind: 'environment', name: 'HOME', defaultValue: '' },
        { tag: 'noenv', kind: 'environment', name: 'NO', defaultValue: '' },
        { tag: 'hd', kind: 'request_header', name: 'x-q', defaultValue: 'd' },
        { tag: 'nohd', kind: 'request_header', name: 'x-none', defaultValue: '' },
        { tag: 'md', kind: 'metadata', defaultValue: 'mdd' },
        { tag: 'component', kind: 'literal', value: 'weft' },
      ],
    },
  });
  run(['x-q', 'a "quoted" value', 'user-agent', 'curl']);
  const [span] = collector.spans;
  const tags = span?.['tags'] as Record<string, string>;
  assert.equal(tags['http.url'], 'http://shop.example/x');
  assert.equal(collector.reports[0]?.body.match(/"component"/g)?.length, 1);
  assert.equal(tags['component'], 'weft');
  assert.deepEqual(
    ['lit', 'env', 'noenv', 'hd', 'nohd', 'md', 'user_agent'].map((name) => tags[name]),
    ['foo', '/root', undefined, 'a "quoted" value', undefined, 'mdd', 'curl'],
  );
  assert.deepEqual(span?.['annotations'], [
    { timestamp: 1_700_000_000_003_000, value: 'last_downstream_tx_byte_sent' },
    { timestamp: 1_700_000_000_003_000, value: 'ss' },
  ]);
  assert.equal(time.nowMs(), 3);
});

test('128-bit ids and W3C beside B3', () => {
  const { run } = world({ zipkin: { traceId128bit: true, w3c: true } });
  const { upstream, info } = run();
  assert.equal(info.traceId, TWOS + ONES);
  assert.equal(upstream.get('traceparent'), `00-${TWOS}${ONES}-${ONES}-01`);
  const next = run(['traceparent', `00-${TRACE}-${SPAN}-01`, 'tracestate', 'a=b']).upstream;
  assert.deepEqual(b3(next), [TRACE, SPAN, undefined, '1']);
  assert.equal(next.get('tracestate'), 'a=b');
});

test('no_context_propagation leaves the headers alone, broken headers leave the request alone', () => {
  const quiet = world({ tracing: { noContextPropagation: true } });
  assert.equal(quiet.run().upstream.get('x-b3-traceid'), undefined);
  assert.equal(quiet.collector.spans.length, 1);
  const { run, collector } = world();
  const { span, upstream } = run(['x-b3-traceid', 'xx', 'x-b3-spanid', SPAN]);
  assert.equal(span, undefined);
  assert.equal(upstream.get('x-b3-traceid'), 'xx');
  assert.equal(collector.spans.length, 0);
});

test('each reason is counted', () => {
  const { run, stats } = world();
  run();
  run(['x-client-trace-id', 'c']);
  run(['x-envoy-force-trace', '1']);
  const scope = stats.scope('http.in.tracing.');
  assert.deepEqual(
    ['random_sampling', 'client_enabled', 'service_forced', 'not_traceable', 'health_check'].map(
      (name) => scope.counter(name).value,
    ),
    [1, 1, 1, 0, 0],
  );
});
