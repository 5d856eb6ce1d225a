import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketAddress } from '@weft/core-http';
import { FakeRandom, FakeTime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { CommandTracer } from './command-tracer.ts';
import { FakeCollector, fakeFlags } from './testing.ts';
import { ZipkinReporter } from './zipkin-reporter.ts';

const ONES = '11'.repeat(8);
const TWOS = '22'.repeat(8);

function world(flags: Record<string, number> = {}, traceId128bit = false) {
  const time = new FakeTime();
  const collector = new FakeCollector();
  const zipkin = {
    collectorCluster: 'zipkin',
    collectorEndpoint: '/api/v2/spans',
    collectorHostname: 'zipkin',
    traceId128bit,
    sharedSpanContext: true,
    splitSpansForRequest: false,
    w3c: false,
  };
  const reporter = new ZipkinReporter(zipkin, {
    timers: time,
    flags: fakeFlags({ 'tracing.zipkin.min_flush_spans': 1 }),
    stats: createNullScope(),
    endpoint: { serviceName: 'playlists-api', ip: '' },
    transport: collector,
  });
  const random = new FakeRandom([0, 0x11, 0x22]);
  return {
    time,
    collector,
    tracer: new CommandTracer(zipkin, { clock: time, random, flags: fakeFlags(flags), reporter }),
  };
}

test('a command is a client span that is a trace of its own, with the other end in it', () => {
  const { time, collector, tracer } = world();
  const span = tracer.start('redis', 'get');
  span?.sentTo('playlists-db', socketAddress('127.0.0.1', 6379));
  time.advance(2);
  span?.finish(undefined);
  assert.deepEqual(collector.spans, [
    {
      traceId: ONES,
      id: ONES,
      kind: 'CLIENT',
      name: 'redis get',
      timestamp: 1_700_000_000_000_000,
      duration: 2000,
      localEndpoint: { serviceName: 'playlists-api', port: 0 },
      remoteEndpoint: { serviceName: 'playlists-db', ipv4: '127.0.0.1', port: 6379 },
      annotations: [{ timestamp: 1_700_000_000_002_000, value: 'cr' }],
      tags: {
        component: 'proxy',
        'db.system': 'redis',
        'db.operation': 'get',
        upstream_cluster: 'playlists-db',
        'peer.address': '127.0.0.1:6379',
      },
    },
  ]);
});

test('a span ends once, and the first place that it was sent to is kept', () => {
  const { collector, tracer } = world({}, true);
  const span = tracer.start('redis', 'mget');
  span?.sentTo('a', socketAddress('::1', 1));
  span?.sentTo('b', socketAddress('127.0.0.1', 2));
  span?.finish('WRONGTYPE');
  span?.finish(undefined);
  assert.equal(collector.spans.length, 1);
  const [{ traceId, id, remoteEndpoint, tags } = {}] = collector.spans;
  assert.deepEqual([traceId, id], [TWOS + ONES, ONES]);
  assert.deepEqual(remoteEndpoint, { serviceName: 'a', ipv6: '::1', port: 1 });
  assert.deepEqual(tags, {
    component: 'proxy',
    'db.system': 'redis',
    'db.operation': 'mget',
    upstream_cluster: 'a',
    'peer.address': '[::1]:1',
    error: 'true',
    'redis.error': 'WRONGTYPE',
  });
});

test('without a host there is a name without an address, and without a cluster neither', () => {
  const { collector, tracer } = world();
  const lost = tracer.start('redis', 'get');
  lost?.sentTo('playlists-db', undefined);
  lost?.finish('no upstream host');
  tracer.start('redis', 'multi')?.finish(undefined);
  assert.deepEqual(
    collector.spans.map(({ remoteEndpoint }) => remoteEndpoint),
    [{ serviceName: 'playlists-db', port: 0 }, undefined],
  );
});

test('the runtime decides how many commands are sampled, as it does for requests', () => {
  for (const key of ['tracing.random_sampling', 'tracing.global_enabled']) {
    assert.equal(world({ [key]: 0 }).tracer.start('redis', 'get'), undefined);
    assert.ok(world({ [key]: 10_000 }).tracer.start('redis', 'get'));
  }
});
