import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import { clusterConfig } from '@weft/model-cluster/testing';
import { ANY_HOST, type LoadBalancerContext } from '@weft/proxy-filter-api';
import type { HostOptions } from './host.ts';
import { NO_FLAGS, testCluster } from './testing.ts';
import { UpstreamCluster } from './upstream-cluster.ts';

const host = (ip: string, more: Partial<HostOptions> = {}): HostOptions => ({
  endpoint: { kind: 'socket', host: ip, port: 80 },
  hostname: '',
  weight: 1,
  healthStatus: 'UNKNOWN',
  locality: { region: '', zone: '', subZone: '' },
  priority: 0,
  ...more,
});

test('hosts that stay keep their identity while weight and health change', () => {
  const { cluster, stat } = testCluster([]);
  cluster.setHosts([host('10.0.0.1'), host('10.0.0.2')]);
  const [first] = cluster.hosts;
  assert.equal(cluster.setHosts([host('10.0.0.1'), host('10.0.0.2')]), false);
  // The same hosts bear another share of the load.
  const spilling = { overprovisioningFactor: 100, dropOverload: undefined };
  assert.equal(cluster.setHosts([host('10.0.0.1'), host('10.0.0.2')], spilling), true);
  cluster.setHosts([host('10.0.0.1'), host('10.0.0.2')]);
  assert.equal(
    cluster.setHosts([host('10.0.0.1', { weight: 3 }), host('10.0.0.2', { healthStatus: 'DEGRADED' })]),
    true,
  );
  assert.equal(cluster.hosts[0], first);
  assert.deepEqual(
    ['membership_change', 'max_host_weight', 'membership_healthy', 'membership_degraded', 'membership_total'].map(stat),
    [1, 3, 1, 1, 2],
  );
});

test('an address counts once, and one that has another name is another host', () => {
  const { cluster } = testCluster([]);
  cluster.setHosts([host('10.0.0.1', { hostname: 'a' }), host('10.0.0.1', { hostname: 'b' })]);
  assert.equal(cluster.hosts.length, 1);
  const [first] = cluster.hosts;
  cluster.setHosts([host('10.0.0.1', { hostname: 'b' })]);
  assert.notEqual(cluster.hosts[0], first);
  assert.equal(first?.removed, true);
});

test('a retry may ask for another host as often as it says', () => {
  const { cluster } = testCluster([1, 2, 3]);
  const first = cluster.pick(ANY_HOST);
  const asked: string[] = [];
  const cx: LoadBalancerContext = {
    ...ANY_HOST,
    hostSelectionRetries: 2,
    shouldSelectAnotherHost: (candidate) => {
      asked.push(candidate.address.text);
      return true;
    },
  };
  assert.equal(cluster.pick(cx), first);
  assert.deepEqual(asked, ['127.0.0.1:2', '127.0.0.1:3']);
});

test('maintenance mode is a share of requests that an operator sets', () => {
  const draws = [0, 99];
  const flags: RuntimeSnapshot = {
    ...NO_FLAGS,
    get: (key) => (key === 'upstream.maintenance_mode.c' ? '50' : undefined),
    enabled: (key, _otherwise, draw) => key === 'upstream.maintenance_mode.c' && draw % 100 < 50,
  };
  const world = {
    runtime: createFakeRuntime(draws),
    stats: createNullScope(),
    tls: { environment: {}, staticSecret: () => undefined },
  };
  const config = clusterConfig('{name: c}');
  const cluster = new UpstreamCluster(config, { ...world, flags, clusterUpdated: createNullScope().counter('x') });
  assert.deepEqual([cluster.maintenanceMode, cluster.maintenanceMode], [true, false]);
  assert.equal(testCluster([]).cluster.maintenanceMode, false);
});

test('further addresses of a host that stays are those of the last update', () => {
  const { cluster } = testCluster([]);
  const more = (ip: string): Partial<HostOptions> => ({ alternatives: [{ kind: 'socket', host: ip, port: 80 }] });
  cluster.setHosts([host('10.0.0.1', more('10.0.1.1'))]);
  const [first] = cluster.hosts;
  cluster.setHosts([host('10.0.0.1', more('10.0.1.2'))]);
  assert.equal(cluster.hosts[0], first);
  assert.deepEqual(first?.alternatives, [{ address: '10.0.1.2', port: 80 }]);
});
