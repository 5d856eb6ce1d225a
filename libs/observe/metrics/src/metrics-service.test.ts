import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { StreamMetricsMessage } from '@weft/api-envoy/gen/envoy/service/metrics/v3/metrics_service_pb';
import type { GrpcServerCall } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { MetricsServiceConfig } from './metrics-service.decode.ts';
import { MetricsServiceSink } from './metrics-service.ts';
import { StatsStore } from './stats-store.ts';

function world(more: Partial<MetricsServiceConfig> = {}) {
  const heard: StreamMetricsMessage[] = [];
  let call: GrpcServerCall | undefined;
  const desc = registry().getMessage('envoy.service.metrics.v3.StreamMetricsMessage')!;
  const grpc = new InMemoryGrpc(
    new Map([
      [
        '/envoy.service.metrics.v3.MetricsService/StreamMetrics',
        (opened: GrpcServerCall) => {
          call = opened;
          return {
            onMessage: (octets: Uint8Array) => void heard.push(fromBinary(desc, octets) as StreamMetricsMessage),
            onHalfClose: () => undefined,
            onCancelled: () => undefined,
          };
        },
      ],
    ]),
  );
  const service = { timeoutMs: 0, initialMetadata: [], kind: 'cluster', cluster: 'ms', authority: 'ms' } as const;
  const config = {
    kind: 'metrics_service',
    service,
    deltas: false,
    labels: false,
    histograms: 'both',
    batchSize: 0,
    ...more,
  } as const;
  const { clock } = createFakeRuntime();
  const sink = new MetricsServiceSink(config, { channel: () => grpc, node: { id: 'n' }, clock });
  const store = new StatsStore();
  return {
    store,
    flush: () => {
      store.flush();
      sink.flush(store);
      grpc.deliver();
      return heard.splice(0);
    },
    end: () => {
      call?.end();
      grpc.deliver();
    },
  };
}

/** `name value` of the numbers. */
function numbers(messages: readonly StreamMetricsMessage[]): string[] {
  return messages.flatMap(({ envoyMetrics }) =>
    envoyMetrics.flatMap(({ name, metric: [one] }) => {
      const labels = one?.label.map((label) => `${label.name}=${label.value}`).join() ?? '';
      const value = one?.counter?.value ?? one?.gauge?.value;
      return value === undefined ? [] : [`${name}{${labels}} ${value}`];
    }),
  );
}

describe('the metrics service', () => {
  it('is told of what ever moved, and once who tells', () => {
    const { store, flush, end } = world();
    store.counter('a').add(3);
    store.counter('idle');
    store.gauge('g').set(7);
    const [first, ...more] = flush();
    assert.deepEqual([numbers([first!]), more], [['a{} 3', 'g{} 7'], []]);
    assert.equal(first!.identifier?.node?.id, 'n');
    assert.equal(first!.envoyMetrics[0]?.metric[0]?.timestampMs, 1_700_000_000_000n);
    const [second] = flush();
    assert.deepEqual([numbers([second!]), second!.identifier], [['a{} 3', 'g{} 7'], undefined]);
    end();
    assert.equal(flush()[0]?.identifier?.node?.id, 'n');
  });

  it('may be told differences, and tags as labels', () => {
    const { store, flush } = world({ deltas: true, labels: true });
    store.counter('cluster.c.upstream_rq_total').add(3);
    assert.deepEqual(numbers(flush()), ['cluster.upstream_rq_total{envoy.cluster_name=c} 3']);
    store.counter('cluster.c.upstream_rq_total').add(2);
    assert.deepEqual(numbers(flush()), ['cluster.upstream_rq_total{envoy.cluster_name=c} 2']);
    assert.deepEqual(numbers(flush()), ['cluster.upstream_rq_total{envoy.cluster_name=c} 0']);
  });

  it('is told the last interval of histograms, in one form or both', () => {
    const both = world();
    both.store.histogram('h').record(4);
    const families = both.flush()[0]!.envoyMetrics;
    assert.deepEqual(
      families.map(({ name, type }) => [name, type]),
      [
        ['h', 2],
        ['h', 4],
      ],
    );
    assert.equal(families[0]?.metric[0]?.summary?.sampleCount, 1n);
    const below = families[1]?.metric[0]?.histogram?.bucket.find(({ upperBound }) => upperBound === 5);
    assert.equal(below?.cumulativeCount, 1n);
    assert.equal(both.flush()[0]!.envoyMetrics[0]?.metric[0]?.summary?.sampleCount, 0n);
    const one = world({ histograms: 'summary' });
    one.store.histogram('h').record(4);
    assert.deepEqual(
      one.flush()[0]!.envoyMetrics.map(({ type }) => type),
      [2],
    );
  });

  it('gets as many families at once as it wishes', () => {
    const { store, flush } = world({ batchSize: 2 });
    for (const name of ['a', 'b', 'c']) store.counter(name).inc();
    assert.deepEqual(
      flush().map(({ envoyMetrics }) => envoyMetrics.length),
      [2, 1],
    );
  });
});
