import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIdentity, parseIdentity, principalOf, sameIdentity, withAliases } from './workload-identity.ts';
import { createIdentity } from './workload-names.ts';

const PLAYLISTS = { trustDomain: 'cluster.local', namespace: 'videos', serviceAccount: 'playlists-api' };

test('a workload is named by its namespace and service account', () => {
  assert.equal(formatIdentity(PLAYLISTS), 'spiffe://cluster.local/ns/videos/sa/playlists-api');
  assert.equal(principalOf(PLAYLISTS), 'cluster.local/ns/videos/sa/playlists-api');
  assert.deepEqual(parseIdentity(formatIdentity(PLAYLISTS)), { ok: true, value: PLAYLISTS });
  assert.ok(sameIdentity(PLAYLISTS, { ...PLAYLISTS }));
  assert.ok(!sameIdentity(PLAYLISTS, { ...PLAYLISTS, namespace: 'other' }));
});

test('a SPIFFE id of another form is no workload', () => {
  for (const text of [
    'spiffe://td',
    'spiffe://td/ns/a',
    'spiffe://td/ns/a/sa',
    'spiffe://td/sa/a/ns/b',
    'spiffe://td/ns/a/sa/b/c',
    'spiffe://td/ns/a/sa/',
    'spiffe://td/NS/a/sa/b',
  ])
    assert.equal(parseIdentity(text).ok, false, text);
});

test('aliases of the trust domain are further names of the same workload', () => {
  assert.deepEqual(withAliases(PLAYLISTS, ['old.local', 'cluster.local']).map(formatIdentity), [
    'spiffe://cluster.local/ns/videos/sa/playlists-api',
    'spiffe://old.local/ns/videos/sa/playlists-api',
  ]);
});

test('identities that are given out have names as Kubernetes wants them', () => {
  assert.ok(createIdentity(PLAYLISTS).ok);
  assert.ok(createIdentity({ ...PLAYLISTS, serviceAccount: 'a.b' }).ok);
  for (const wrong of [
    { namespace: 'Videos' },
    { namespace: 'a.b' },
    { namespace: '-a' },
    { namespace: 'a'.repeat(64) },
    { serviceAccount: '' },
    { serviceAccount: 'a..b' },
    { serviceAccount: 'a/b' },
    { trustDomain: 'UPPER' },
  ])
    assert.equal(createIdentity({ ...PLAYLISTS, ...wrong }).ok, false, JSON.stringify(wrong));
});
