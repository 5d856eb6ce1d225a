import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { DecodeContext, formatFault, loadConfig, reportUnsupported } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import type { TracingConfig } from '@weft/observe-tracing';
import type { ListenerFacts } from '@weft/proxy-filter-api';
import type { HcmConfig } from '@weft/proxy-hcm';
import { parseProxyOptions } from './options.ts';
import { ProxyServer } from './proxy-server.ts';
import { supported } from './support.ts';
import { Tracers } from './tracers.ts';

const LISTENER: ListenerFacts = { name: 'l', trafficDirection: 'INBOUND' };
const ALL = { numerator: 100, denominator: 100 } as const;
const TRACING: TracingConfig = {
  clientSampling: ALL,
  randomSampling: ALL,
  overallSampling: ALL,
  verbose: false,
  maxPathTagLength: 256,
  customTags: [],
  spawnUpstreamSpan: false,
  noContextPropagation: false,
  provider: undefined,
};

function zipkin(fields: string): string {
  const type = 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig';
  return `tracing: {http: {name: envoy.tracers.zipkin, typed_config: {"@type": ${type}, ${fields}}}}`;
}
const COLLECTOR = zipkin(
  'collector_cluster: zipkin, collector_endpoint: /api/v2/spans, collector_endpoint_version: HTTP_JSON',
);

function decode(text: string): { server: ProxyServer | undefined; runtime: FakeRuntime; found: string[] } {
  const options = parseProxyOptions(['-c', 'x.yaml']);
  assert.ok(options.kind === 'options');
  const typeName = 'envoy.config.bootstrap.v3.Bootstrap';
  const { message, source, faults } = loadConfig({ text, file: 'x.yaml', typeName });
  assert.ok(message, faults.map(formatFault).join('\n'));
  const cx = new DecodeContext(source);
  reportUnsupported(message, supported, cx);
  const runtime = createFakeRuntime();
  const server = ProxyServer.decode(message as Bootstrap, cx, { options: options.options, runtime });
  return { server, runtime, found: [...cx.faults, ...cx.warnings].map(formatFault) };
}

function world(t: TestContext, text: string) {
  const { server, runtime, found } = decode(text);
  assert.ok(server, found.join('\n'));
  const tracers = new Tracers(server);
  t.after(() => tracers.close());
  const create = (tracing: TracingConfig | undefined) =>
    tracers.create({ statPrefix: 'in', tracing } as HcmConfig, LISTENER);
  return { server, runtime, tracers, create, found };
}

test("the bootstrap's provider is that of filters that name none of their own", (t) => {
  const { create, tracers, found } = world(t, COLLECTOR);
  assert.deepEqual(found, []);
  assert.ok(create(TRACING));
  assert.ok(tracers.commandTracer);
  assert.equal(create(undefined), undefined);
  assert.equal(create({ ...TRACING, provider: 'unsupported' }), undefined);
});

test('without one, only those that have their own trace', (t) => {
  const { create, tracers, server } = world(t, '{}');
  const own = {
    collectorCluster: 'own', collectorEndpoint: '/', collectorHostname: 'own', traceId128bit: false,
    sharedSpanContext: true, splitSpansForRequest: false, w3c: false,
  }; // prettier-ignore
  assert.equal(create(TRACING), undefined);
  assert.ok(create({ ...TRACING, provider: own }));
  assert.equal(tracers.commandTracer, undefined);
  assert.equal(server.commandTracer, undefined);
});

test('a tracer of commands is made when it is asked for, and is one', (t) => {
  const { server, runtime } = world(t, COLLECTOR);
  assert.equal(runtime.timers.pending, 0);
  assert.equal(server.commandTracer, server.commandTracer);
  assert.equal(runtime.timers.pending, 1);
});

test('a broken provider is a fault with its place', () => {
  const { server, found } = decode(zipkin('collector_cluster: zipkin, collector_endpoint_version: HTTP_JSON'));
  assert.equal(server, undefined);
  assert.match(found.join('\n'), /tracing\.http\.typed_config\.collector_endpoint: is missing/);
});
