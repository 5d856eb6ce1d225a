import type { ConfigMapSpec, MeshConfigSpec } from '@weft/api-kube';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MeshSnapshotBuilder } from './builder.ts';
import type { MeshConfig } from './config.ts';
import type { MeshObject } from './object.ts';

const configMap = (mesh: MeshConfigSpec, namespace = 'istio-system'): MeshObject<ConfigMapSpec> => ({
  ref: { group: '', kind: 'ConfigMap', namespace, name: 'istio' },
  createdAtMs: 1,
  labels: {},
  annotations: {},
  spec: { data: { mesh } },
});

function configWith(mesh: MeshConfigSpec, given: Partial<MeshConfig> = {}): MeshConfig {
  const builder = new MeshSnapshotBuilder(given);
  builder.set(configMap(mesh));
  return builder.build().config;
}

test('MeshConfig goes before what the control plane was started with', () => {
  const given = { accessLogFile: '/a', tracing: { host: 'z', port: 1, samplingPercent: 100 } } as const;
  assert.deepEqual(configWith({}, given).tracing, given.tracing);
  const config = configWith(
    { accessLogFile: '/b', outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' }, enableAutoMtls: false },
    given,
  );
  assert.deepEqual(
    [config.accessLogFile, config.outboundTrafficPolicy, config.autoMtls],
    ['/b', 'REGISTRY_ONLY', false],
  );
  assert.equal(configWith({ enableTracing: false }, given).tracing, undefined);
  assert.equal(configWith({ trustDomain: 'other' }).trustDomain, 'cluster.local');
});

test('access logs go where defaultConfig says, once that is enabled, and runtime values lie over the given ones', () => {
  const given = { accessLogService: 'control-plane', runtimeValues: { a: '1', b: '1' } } as const;
  const defaultConfig = { envoyAccessLogService: { address: 'logs.test:9001' }, runtimeValues: { b: '2' } };
  const config = configWith({ defaultConfig, enableEnvoyAccessLogService: true }, given);
  assert.deepEqual(config.accessLogService, { host: 'logs.test', port: 9001 });
  assert.deepEqual(config.runtimeValues, { a: '1', b: '2' });
  assert.equal(configWith({ defaultConfig }, given).accessLogService, 'control-plane');
  assert.equal(configWith({ enableEnvoyAccessLogService: false }, given).accessLogService, undefined);
});

test('stats go where defaultConfig says', () => {
  const given = { metricsService: 'control-plane' } as const;
  const defaultConfig = { envoyMetricsService: { address: '[::1]:9002' }, statsdUdpAddress: 'statsd.test:8125' };
  assert.deepEqual(configWith({ defaultConfig }, given).metricsService, { host: '::1', port: 9002 });
  assert.equal(configWith({}, given).metricsService, 'control-plane');
  assert.equal(configWith({ defaultConfig }).statsdUdpAddress, 'statsd.test:8125');
  assert.equal(configWith({}).statsdUdpAddress, undefined);
});

test('spans go to the default provider, else to the address of defaultConfig, one of a hundred', () => {
  const tracing = { zipkin: { address: '[::1]:9411' } };
  assert.deepEqual(configWith({ defaultConfig: { tracing } }).tracing, { host: '::1', port: 9411, samplingPercent: 1 });
  const providers: MeshConfigSpec = {
    defaultConfig: { tracing: { ...tracing, sampling: 10 } },
    defaultProviders: { tracing: ['spans'] },
    extensionProviders: [{ name: 'spans', zipkin: { service: 'ns/zipkin.ns.svc.cluster.local', port: 9411 } }],
  };
  assert.deepEqual(configWith(providers).tracing, {
    host: 'ns/zipkin.ns.svc.cluster.local',
    port: 9411,
    inMesh: true,
    samplingPercent: 10,
  });
});

test('only that of the root namespace is read, and a change of it alone makes a new snapshot', () => {
  const builder = new MeshSnapshotBuilder();
  builder.set(configMap({ accessLogFile: '/a' }, 'default'));
  const first = builder.build();
  assert.equal(first.config.accessLogFile, undefined);
  builder.set(configMap({ accessLogFile: '/b' }));
  const second = builder.build();
  assert.equal(second.config.accessLogFile, '/b');
  assert.equal(second.services, first.services);
  assert.equal(builder.build().config, second.config);
  builder.remove(configMap({}).ref);
  assert.equal(builder.build().config, first.config);
});
