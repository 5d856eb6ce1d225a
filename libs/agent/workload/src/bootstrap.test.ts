import { loadConfig } from '@weft/api-envoy';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sidecarBootstrap, type SidecarFacts } from './bootstrap.ts';

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';

const FACTS: SidecarFacts = {
  role: 'sidecar',
  name: 'web-1',
  namespace: 'videos',
  serviceAccount: 'web',
  address: '127.0.0.1',
  labels: { app: 'web' },
  upstreams: [{ host: 'videos-api', port: 10_010, localPort: 15_500 }],
  adminPort: 0,
  controlPlane: '127.0.0.1:15012',
  serverName: 'istiod.istio-system.svc',
  secretSocket: '/tmp/x/secrets.sock',
  delta: false,
  spanCluster: '',
  metricsService: '',
  statsd: '',
};

test('the bootstrap is one of Envoy, with every field at its place', () => {
  for (const facts of [
    FACTS,
    {
      ...FACTS,
      delta: true,
      controlPlane: 'unix:/tmp/x/xds.sock',
      upstreams: undefined,
      spanCluster: 'outbound|9411||zipkin.test',
    },
    { ...FACTS, upstreams: undefined, adminPort: 15_000 },
    { ...FACTS, metricsService: 'control-plane' },
    { ...FACTS, metricsService: 'stats.test:9002' },
    { ...FACTS, statsd: '[::1]:8125' },
  ]) {
    const text = JSON.stringify(sidecarBootstrap(facts));
    const { faults, warnings } = loadConfig({ text, file: 'bootstrap.json', typeName: BOOTSTRAP });
    assert.deepEqual(warnings, []);
    assert.deepEqual(faults, []);
  }
});

test('node and metadata tell the control plane who the proxy is, as Istio writes it', () => {
  const { node } = sidecarBootstrap(FACTS) as { node: { id: string; metadata: object } };
  assert.equal(node.id, 'sidecar~127.0.0.1~web-1.videos~videos.svc.cluster.local');
  assert.deepEqual(node.metadata, {
    NAMESPACE: 'videos',
    WORKLOAD_NAME: 'web-1',
    SERVICE_ACCOUNT: 'web',
    INSTANCE_IPS: '127.0.0.1',
    LABELS: { app: 'web' },
    INTERCEPTION_MODE: 'NONE',
    UPSTREAMS: FACTS.upstreams,
  });
});

test('a captured sidecar shows its metrics at 15090, and says so', () => {
  const textOf = (more: Partial<SidecarFacts>): string => JSON.stringify(sidecarBootstrap({ ...FACTS, ...more }));
  const captured = textOf({ upstreams: undefined, adminPort: 15_000 });
  assert.match(captured, /"ENVOY_PROMETHEUS_PORT":15090/);
  assert.match(captured, /"port_value":15090.*"prefix":"\/stats\/prometheus"/);
  assert.doesNotMatch(textOf({}), /15090|prometheus/);
});

test('stats go to the control plane by its own cluster, to another server by one of its own', () => {
  const textOf = (metricsService: string): string => JSON.stringify(sidecarBootstrap({ ...FACTS, metricsService }));
  assert.doesNotMatch(textOf(''), /stats_sinks|metrics_service/);
  assert.match(textOf('control-plane'), /"stats_sinks".*"cluster_name":"xds-grpc"/);
  assert.match(
    textOf('stats.test:9002'),
    /"cluster_name":"envoy_metrics_service".*"name":"envoy_metrics_service","type":"STRICT_DNS"/,
  );
});

test('a statsd is told over UDP, beside a metrics service', () => {
  const textOf = (statsd: string): string =>
    JSON.stringify(sidecarBootstrap({ ...FACTS, statsd, metricsService: 'control-plane' }));
  assert.doesNotMatch(textOf(''), /statsd/);
  assert.match(
    textOf('127.0.0.1:8125'),
    /metrics_service.*StatsdSink".*"address":"127.0.0.1","port_value":8125,"protocol":"UDP"/,
  );
});

test('the proxy of a gateway calls itself a router', () => {
  const { node } = sidecarBootstrap({ ...FACTS, role: 'router', name: 'edge' }) as { node: { id: string } };
  assert.equal(node.id, 'router~127.0.0.1~edge.videos~videos.svc.cluster.local');
});

test('no key is in the bootstrap, and the control plane must have its name', () => {
  const text = JSON.stringify(sidecarBootstrap(FACTS));
  assert.doesNotMatch(text, /PRIVATE|private_key|token/i);
  assert.match(text, /"san_type":"DNS","matcher":\{"exact":"istiod.istio-system.svc"\}/);
});
