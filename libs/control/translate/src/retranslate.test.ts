import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retranslate } from './retranslate.ts';
import { translate } from './translate.ts';
import { readWorld, testProxy, testWorkload } from './world.testing.ts';

const proxy = testProxy({ name: 'client' });
const web = (name: string, more: object = {}) =>
  testWorkload({ name, service: 'web', addresses: [`10.0.0.${name}`], ports: [{ name: 'http', port: 80 }], ...more });
const other = testWorkload({
  name: 'other',
  service: 'other',
  addresses: ['10.1.1.1'],
  ports: [{ name: 'http', port: 81 }],
});

function world() {
  const { builder } = readWorld('mesh: {}');
  builder.register(web('1'));
  builder.register(other);
  const before = builder.build();
  return { builder, before, resources: translate(before, proxy) };
}

test('an endpoint that changes changes its assignment, and everything else stays the same object', () => {
  const { builder, before, resources } = world();
  builder.register(web('2'));
  const after = builder.build();
  const next = retranslate({ before, after, resources }, proxy);
  assert.deepEqual(next, translate(after, proxy));
  assert.equal(next.clusters, resources.clusters);
  assert.equal(next.routes, resources.routes);
  const place = (name: string) => resources.endpoints.findIndex(({ clusterName }) => clusterName.includes(name));
  assert.equal(next.endpoints[place('other')], resources.endpoints[place('other')]);
  assert.notEqual(next.endpoints[place('web')], resources.endpoints[place('web')]);
});

test('a proxy that is told of nothing that changed keeps what it has', () => {
  const { builder, before } = world();
  const narrow = testProxy({
    name: 'client',
    traffic: 'explicit',
    upstreams: [{ host: 'other', port: 81, localPort: 1 }],
  });
  const resources = translate(before, narrow);
  builder.register(web('1', { healthy: false }));
  assert.equal(retranslate({ before, after: builder.build(), resources }, narrow), resources);
});

test('whatever else changes is translated anew', () => {
  for (const change of [
    { serviceAccount: 'somebody-else' },
    { proxied: false },
    { ports: [{ name: 'grpc', port: 80 }] },
    { service: 'elsewhere' },
  ]) {
    const { builder, before, resources } = world();
    builder.register(web('1', change));
    const after = builder.build();
    assert.deepEqual(retranslate({ before, after, resources }, proxy), translate(after, proxy), JSON.stringify(change));
  }
});
