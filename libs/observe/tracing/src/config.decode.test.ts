import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { DecodeContext, registry, sourceNamed } from '@weft/api-envoy';
import type { HttpConnectionManager_Tracing } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TracingConfig } from './config.ts';
import { decodeTracing } from './config.decode.ts';

const TRACING = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing';

function decode(json: JsonValue): { config: TracingConfig; faults: string[]; warnings: string[] } {
  const schema = registry().getMessage(TRACING);
  assert.ok(schema);
  const message = fromJson(schema, json, { registry: registry() }) as HttpConnectionManager_Tracing;
  const cx = new DecodeContext(sourceNamed('test'));
  const config = decodeTracing(message, cx);
  const lines = (list: typeof cx.faults): string[] => list.map((fault) => `${fault.path}: ${fault.message}`);
  return { config, faults: lines(cx.faults), warnings: lines(cx.warnings) };
}

function provider(zipkin: Record<string, JsonValue>): JsonValue {
  return {
    name: 'envoy.tracers.zipkin',
    typed_config: { '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig', ...zipkin },
  };
}

const COLLECTOR = {
  collector_cluster: 'zipkin',
  collector_endpoint: '/api/v2/spans',
  collector_endpoint_version: 'HTTP_JSON',
};

test('an empty message traces every request', () => {
  const { config, faults } = decode({});
  assert.deepEqual(faults, []);
  assert.deepEqual(config, {
    clientSampling: { numerator: 100, denominator: 100 },
    randomSampling: { numerator: 10_000, denominator: 10_000 },
    overallSampling: { numerator: 100, denominator: 100 },
    verbose: false,
    maxPathTagLength: 256,
    customTags: [],
    spawnUpstreamSpan: false,
    noContextPropagation: false,
    provider: undefined,
  });
});

test('random sampling keeps two digits after the point', () => {
  const { config } = decode({ random_sampling: { value: 0.29 }, client_sampling: { value: 50.9 } });
  assert.deepEqual(config.randomSampling, { numerator: 29, denominator: 10_000 });
  assert.deepEqual(config.clientSampling, { numerator: 50, denominator: 100 });
});

test('a Zipkin provider has the defaults of its proto', () => {
  const { config, faults } = decode({ provider: provider(COLLECTOR) });
  assert.deepEqual(faults, []);
  assert.deepEqual(config.provider, {
    collectorCluster: 'zipkin',
    collectorEndpoint: '/api/v2/spans',
    collectorHostname: 'zipkin',
    traceId128bit: false,
    sharedSpanContext: true,
    splitSpansForRequest: false,
    w3c: false,
  });
  const more = decode({
    provider: provider({
      ...COLLECTOR,
      collector_hostname: 'h',
      shared_span_context: false,
      trace_id_128bit: true,
      trace_context_option: 'USE_B3_WITH_W3C_PROPAGATION',
    }),
  }).config.provider;
  assert.ok(more !== undefined && more !== 'unsupported');
  assert.deepEqual(
    [more.collectorHostname, more.sharedSpanContext, more.traceId128bit, more.w3c],
    ['h', false, true, true],
  );
});

test('custom tags of every kind', () => {
  const { config, faults } = decode({
    custom_tags: [
      { tag: 'l', literal: { value: 'v' } },
      { tag: 'e', environment: { name: 'HOME', default_value: 'd' } },
      { tag: 'h', request_header: { name: 'X-Q', default_value: 'd' } },
      {
        tag: 'm',
        metadata: { kind: { request: {} }, metadata_key: { key: 'k', path: [{ key: 'p' }] }, default_value: 'd' },
      },
    ],
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(config.customTags, [
    { tag: 'l', kind: 'literal', value: 'v' },
    { tag: 'e', kind: 'environment', name: 'HOME', defaultValue: 'd' },
    { tag: 'h', kind: 'request_header', name: 'x-q', defaultValue: 'd' },
    { tag: 'm', kind: 'metadata', defaultValue: 'd' },
  ]);
});

test('every fault is reported with its path', () => {
  const { faults } = decode({
    provider: provider({ collector_endpoint_version: 'HTTP_PROTO' }),
    custom_tags: [{ tag: 'v', value: '%REQ(x)%' }],
  });
  assert.deepEqual(faults, [
    'custom_tags[0]: "value" is known to Envoy and not implemented by Weft yet',
    'provider.typed_config.collector_cluster: is missing',
    'provider.typed_config.collector_endpoint: is missing',
    'provider.typed_config.collector_endpoint_version: is known to Envoy and not implemented by Weft yet',
  ]);
});

test('another kind of provider is named as one that has no effect', () => {
  const { config, faults, warnings } = decode({
    provider: { name: 'x', typed_config: { '@type': 'type.googleapis.com/envoy.config.trace.v3.LightstepConfig' } },
  });
  assert.equal(config.provider, 'unsupported');
  assert.deepEqual(faults, []);
  assert.deepEqual(warnings, [
    'provider.typed_config: envoy.config.trace.v3.LightstepConfig is not implemented by Weft yet: no spans are sent',
  ]);
});
