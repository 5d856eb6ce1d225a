import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewGroups } from './view-groups.ts';
import { readWorld, testProxy } from './world.testing.ts';

test('proxies that see the same are looked at once, and there is a pause before and after each group', () => {
  const { snapshot } = readWorld(`workloads:
  - {name: web-1, service: web, addresses: [10.0.1.1], ports: [{name: http, port: 80}]}
`);
  const proxies = Array.from({ length: 20 }, (_, i) =>
    testProxy({
      name: `p${i}`,
      namespace: i % 2 === 0 ? 'a' : 'b',
      labels: { app: `p${i}` },
      addresses: [`10.2.0.${i}`],
    }),
  );
  const steps = viewGroups(snapshot, proxies);
  let pauses = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) pauses += 1;
  assert.equal(pauses, 4);
  assert.deepEqual(
    step.value.map((group) => [group.view.namespace, group.proxies.length, group.services.size]),
    [
      ['a', 10, 1],
      ['b', 10, 1],
    ],
  );
});
