import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap, StreamInfo, socketAddress, type DownstreamConnection } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { clusterConfig } from '@weft/model-cluster/testing';
import { StatsStore } from '@weft/observe-metrics';
import { ANY_HOST, type LoadBalancerContext } from '@weft/proxy-filter-api';
import { OriginalDst } from './original-dst.ts';
import { NO_FLAGS, statOf } from './testing.ts';
import { UpstreamCluster } from './upstream-cluster.ts';

function originalDst(more = '') {
  const config = clusterConfig(
    `{name: c, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED${more === '' ? '' : `, ${more}`}}`,
  );
  const runtime = createFakeRuntime();
  const store = new StatsStore();
  const cluster = new UpstreamCluster(config, {
    runtime,
    flags: NO_FLAGS,
    stats: store.root,
    tls: { environment: {}, staticSecret: () => undefined },
    clusterUpdated: store.root.counter('cluster_manager.cluster_updated'),
  });
  let initialized = 0;
  const discovery = new OriginalDst(cluster, runtime, { onInitialized: () => (initialized += 1) });
  discovery.start();
  assert.equal(initialized, 1);
  return { cluster, runtime, discovery, stat: (name: string) => statOf(store, `cluster.c.${name}`) };
}

function going(to: string, port: number, restored = true): DownstreamConnection {
  return {
    id: 1,
    localAddress: socketAddress(to, port),
    localAddressRestored: restored,
    directRemoteAddress: socketAddress('127.0.0.1', 40000),
    tls: false,
    requestedServerName: '',
  };
}

function asking(header: string, value: string, downstream = going('10.0.0.9', 80, false)): LoadBalancerContext {
  const requestHeaders = new RequestHeaderMap('GET', '/', 'a.test', [header, value]);
  return { ...ANY_HOST, stream: { info: new StreamInfo(downstream, 0, 0), requestHeaders } };
}

test('the host is where the client was going, one for each destination', () => {
  const { cluster, stat } = originalDst();
  const first = cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.1', 80) });
  assert.equal(first?.address.text, '10.0.0.1:80');
  assert.equal(cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.1', 80) }), first);
  assert.equal(cluster.pick({ ...ANY_HOST, downstream: going('::1', 81) })?.address.text, '[::1]:81');
  assert.equal(cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.1', 80) }), first);
  assert.deepEqual(['membership_total', 'membership_change'].map(stat), [2, 2]);
});

test('a client that meant to come here has no host: the proxy would call itself', () => {
  const { cluster } = originalDst();
  assert.equal(cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.1', 80, false) }), undefined);
  assert.equal(cluster.pick(ANY_HOST), undefined);
});

test('a request may name its host, where that is configured', () => {
  const { cluster, stat } = originalDst('original_dst_lb_config: {use_http_header: true}');
  assert.equal(cluster.pick(asking('x-envoy-original-dst-host', '10.1.1.1:8080'))?.address.text, '10.1.1.1:8080');
  assert.equal(cluster.pick(asking('x-envoy-original-dst-host', 'name.test:80')), undefined);
  assert.equal(cluster.pick(asking('x-envoy-original-dst-host', '10.1.1.1:0')), undefined);
  assert.equal(stat('original_dst_host_invalid'), 2);
  const elsewhere = asking('x-other', '10.1.1.1:8080', going('10.0.0.1', 80));
  assert.equal(cluster.pick(elsewhere)?.address.text, '10.0.0.1:80');
});

test('the name of the field and the port can be configured', () => {
  const { cluster } = originalDst(
    'original_dst_lb_config: {use_http_header: true, http_header_name: X-Where, upstream_port_override: 15006}',
  );
  assert.equal(cluster.pick(asking('x-where', '10.1.1.1:8080'))?.address.text, '10.1.1.1:15006');
});

test('a host that nobody used for a while is dropped, and nothing runs without hosts', () => {
  const { cluster, runtime, stat } = originalDst('cleanup_interval: 1s');
  cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.1', 80) });
  cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.2', 80) });
  runtime.timers.advance(1000);
  cluster.pick({ ...ANY_HOST, downstream: going('10.0.0.1', 80) });
  assert.equal(stat('membership_total'), 2);
  runtime.timers.advance(1000);
  assert.deepEqual(
    cluster.hosts.map((host) => host.address.text),
    ['10.0.0.1:80'],
  );
  runtime.timers.advance(1000);
  assert.equal(stat('membership_total'), 0);
  assert.equal(runtime.timers.pending, 0);
});
