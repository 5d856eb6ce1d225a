import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRandom } from '@weft/core-runtime/testing';
import { createNullScope } from '@weft/core-stats';
import type { HealthStatus, LbPolicy } from '@weft/model-cluster';
import { UpstreamHost } from './host.ts';
import { createPicker, type Picker } from './load-balancer.ts';

interface HostSketch {
  readonly weight?: number;
  readonly healthStatus?: HealthStatus;
  readonly priority?: number;
}

const scope = createNullScope();

function hostsOf(sketches: readonly HostSketch[]): UpstreamHost[] {
  return sketches.map(
    ({ weight = 1, healthStatus = 'UNKNOWN', priority = 0 }, i) =>
      new UpstreamHost(
        {
          endpoint: { kind: 'socket', host: `10.0.0.${i}`, port: 80 },
          hostname: String(i),
          weight,
          healthStatus,
          locality: { region: '', zone: '', subZone: '' },
          priority,
        },
        { tls: undefined, proxyProtocol: undefined },
      ),
  );
}

function picker(hosts: readonly UpstreamHost[], lbPolicy: LbPolicy = 'ROUND_ROBIN', draws?: readonly number[]): Picker {
  return createPicker(hosts, {
    config: {
      lbPolicy,
      leastRequestChoiceCount: 2,
      healthyPanicThreshold: 50,
      preconnect: { perUpstreamRatio: 1, predictiveRatio: 1 },
    },
    overprovisioningFactor: 140,
    random: new FakeRandom(draws),
    healthyPanic: scope.counter('panic'),
  });
}

/** The names of the hosts in the order they are picked. */
function picks(from: Picker, count: number): string {
  return Array.from({ length: count }, () => from.pick()?.hostname ?? '-').join('');
}

test('equal hosts take strict turns, beginning at a drawn one', () => {
  assert.equal(picks(picker(hostsOf([{}, {}, {}])), 7), '0120120');
  assert.equal(picks(picker(hostsOf([{}, {}, {}]), 'ROUND_ROBIN', [2]), 4), '2012');
});

test('weighted hosts take turns by weight, spread evenly', () => {
  const order = picks(picker(hostsOf([{ weight: 3 }, { weight: 1 }])), 8);
  assert.equal(order.match(/0/g)?.length, 6);
  assert.doesNotMatch(order, /11/);
  assert.doesNotMatch(order, /0000/);
});

test('shares of weighted hosts are exact over a whole round', () => {
  const order = picks(picker(hostsOf([{ weight: 5 }, { weight: 3 }, { weight: 2 }])), 1000);
  assert.deepEqual(
    ['0', '1', '2'].map((name) => order.split(name).length - 1),
    [500, 300, 200],
  );
});

test('unhealthy hosts get nothing while enough others are healthy', () => {
  const hosts = hostsOf([{}, { healthStatus: 'DRAINING' }, {}, {}]);
  assert.doesNotMatch(picks(picker(hosts), 12), /1/);
});

test('with too few healthy hosts all are used, and each such pick is counted', () => {
  const before = scope.counter('panic').value;
  const hosts = hostsOf([{}, { healthStatus: 'UNHEALTHY' }, { healthStatus: 'UNHEALTHY' }]);
  assert.equal(picks(picker(hosts), 3), '012');
  assert.equal(scope.counter('panic').value - before, 3);
});

test('spare hosts of the next priority are used for what the first cannot bear', () => {
  const sketches: HostSketch[] = [{ healthStatus: 'UNHEALTHY' }, { healthStatus: 'UNHEALTHY' }, { priority: 1 }];
  assert.equal(picks(picker(hostsOf(sketches)), 3), '222');
  const half: HostSketch[] = [{}, { healthStatus: 'UNHEALTHY' }, { priority: 1 }];
  assert.equal(picks(picker(hostsOf(half), 'ROUND_ROBIN', [0, 69, 70, 99]), 4).replaceAll('1', ''), '0022');
});

test('without hosts there is nobody to pick', () => {
  assert.equal(picker([]).pick(), undefined);
});

test('random takes what is drawn', () => {
  assert.equal(picks(picker(hostsOf([{}, {}, {}]), 'RANDOM', [2, 0, 1]), 3), '201');
});

test('least request takes the less busy of two drawn hosts, by weight', () => {
  const hosts = hostsOf([{}, {}, { weight: 4 }]);
  hosts[0]!.stats.rqActive = 2;
  hosts[1]!.stats.rqActive = 1;
  hosts[2]!.stats.rqActive = 3;
  assert.equal(picks(picker(hosts, 'LEAST_REQUEST', [0, 1]), 1), '1');
  assert.equal(picks(picker(hosts, 'LEAST_REQUEST', [1, 2]), 1), '2');
});
