import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthorities } from './authorities.ts';

const TYPE = 'envoy.config.cluster.v3.Cluster';

test('a name comes from the source of its authority, or from the one for all others', () => {
  const ads = { kind: 'ads', initialFetchTimeoutMs: 0 } as const;
  const file = { kind: 'file', path: '/x', watchedDirectory: undefined, initialFetchTimeoutMs: 0 } as const;
  const authorities = createAuthorities([{ authorities: ['a', 'b'], source: file }], ads);
  assert.equal(authorities.sourceOf(`xdstp://b/${TYPE}/x`), file);
  assert.equal(authorities.sourceOf(`xdstp://c/${TYPE}/x`), ads);
  assert.equal(authorities.sourceOf('x'), undefined);
  assert.equal(createAuthorities([], undefined).sourceOf(`xdstp://c/${TYPE}/x`), undefined);
});
