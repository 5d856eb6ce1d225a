import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sumLoads, type ClusterLoad, type LocalityLoad } from './loads.ts';

const locality = (zone: string, success: number, ips: readonly string[] = []): LocalityLoad => ({
  locality: { region: 'r', zone, subZone: '' },
  priority: 0,
  success,
  error: 1,
  active: 2,
  issued: success + 1,
  endpoints: ips.map((ip) => ({ address: { ip, port: 80 }, success, error: 1, active: 2, issued: success + 1 })),
});

const cluster = (name: string, dropped: number, ...localities: LocalityLoad[]): ClusterLoad => ({
  name,
  serviceName: 's',
  dropped,
  droppedByCategory: new Map([['spill', dropped]]),
  sinceMs: 1000 + dropped,
  localities,
});

describe('loads of several event loops', () => {
  it('are added up by cluster, locality and endpoint', () => {
    const first = [cluster('a', 1, locality('x', 10, ['10.0.0.1'])), cluster('b', 0)];
    const second = [cluster('a', 2, locality('x', 5, ['10.0.0.1', '10.0.0.2']), locality('y', 3)), cluster('c', 0)];
    const [a, ...others] = sumLoads([first, second]);
    assert.deepEqual(others.map(({ name }) => name), ['b', 'c']); // prettier-ignore
    assert.deepEqual([a?.dropped, a?.droppedByCategory.get('spill'), a?.sinceMs], [3, 3, 1002]);
    const numbers = a?.localities.map(({ success, error, active, issued }) => [success, error, active, issued]);
    assert.deepEqual(numbers, [
      [15, 2, 4, 17],
      [3, 1, 2, 4],
    ]);
    const endpoints = a?.localities[0]?.endpoints.map(({ address, success }) => `${address.ip} ${success}`);
    assert.deepEqual(endpoints, ['10.0.0.1 15', '10.0.0.2 5']);
  });
});
