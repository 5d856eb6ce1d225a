import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { authzWhy, type AuthzAnswer, type AuthzQuestion } from './authz-why.ts';
import { readWorld } from './world.testing.ts';

const YAML = readFileSync(new URL('../testdata/authorization/in.yaml', import.meta.url), 'utf8');
const MORE = `
workloads:
  - {name: playlists-api-1, service: playlists-api, serviceAccount: playlists-api, addresses: [10.0.0.7], ports: [{name: http, port: 10010}]}
  - {name: legacy-1, serviceAccount: legacy, addresses: [10.0.0.8], proxied: false}
---
`;

function why(question: Partial<AuthzQuestion>, extra = ''): AuthzAnswer {
  const { snapshot } = readWorld(MORE + YAML + extra);
  const answer = authzWhy(snapshot, {
    source: 'playlists-api',
    destination: 'videos-api',
    method: 'GET',
    path: '/videos/1',
    host: 'videos-api',
    ...question,
  });
  assert.ok(typeof answer !== 'string', String(answer));
  return answer;
}

const ALLOWED_BY = 'ns[default]-policy[videos-api]-rule[0]';

test('the rule that allows is named, with every rule that was asked', () => {
  const answer = why({});
  assert.deepEqual([answer.allowed, answer.rule], [true, ALLOWED_BY]);
  assert.equal(answer.sourceIdentity, 'spiffe://cluster.local/ns/default/sa/playlists-api');
  assert.equal(answer.mtls, 'PERMISSIVE');
  assert.deepEqual(
    answer.tried.map(({ action, rule, dryRun, sourceMatches, operationMatches }) =>
      [action, rule, dryRun, sourceMatches, operationMatches].join(' '),
    ),
    [
      'AUDIT ns[default]-policy[who-deletes]-rule[0] false true false',
      'AUDIT ns[default]-policy[who-deletes]-rule[1] false false true',
      'DENY ns[istio-system]-policy[no-deletes]-rule[0] false true false',
      'ALLOW ns[default]-policy[soon]-rule[0] true true true',
      `ALLOW ${ALLOWED_BY} false true true`,
      'ALLOW ns[default]-policy[videos-api]-rule[1] false false true',
    ],
  );
});

test('a path may be a template', () => {
  assert.equal(why({ path: '/users/7/files/a/b' }).rule, ALLOWED_BY);
  assert.equal(why({ path: '/users/7/8/files/a' }).allowed, false);
});

test('a denial says which rule denied, or that none allowed', () => {
  const denied = why({ method: 'DELETE' });
  assert.deepEqual([denied.allowed, denied.rule], [false, 'ns[istio-system]-policy[no-deletes]-rule[0]']);
  for (const question of [
    { path: '/admin' },
    { source: 'spiffe://cluster.local/ns/default/sa/other' },
    { source: 'legacy-1' },
  ]) {
    const { allowed, rule, reason } = why(question);
    assert.deepEqual([allowed, rule], [false, undefined], JSON.stringify(question));
    assert.match(reason, /none of their rules matches/);
  }
});

test('connections without HTTP are asked for who connects, and where', () => {
  const redis = { destination: 'videos-db', method: '', path: '' };
  // Mesh-wide, DELETE is denied: of bytes nobody knows the method, so the rule denies them all.
  assert.equal(why({ ...redis, source: 'videos-api' }).rule, 'ns[istio-system]-policy[no-deletes]-rule[0]');
});

test('a caller without a proxy cannot speak to a STRICT port', () => {
  const strict = `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
`;
  const { allowed, reason, mtls, mtlsBy } = why({ source: 'legacy-1' }, strict);
  assert.deepEqual([allowed, mtls, mtlsBy?.name], [false, 'STRICT', 'default']);
  assert.match(reason, /plaintext to a STRICT port/);
});

test('who is unknown is said to be', () => {
  const { snapshot } = readWorld(MORE + YAML);
  const ask = (source: string, destination: string) =>
    authzWhy(snapshot, { source, destination, method: 'GET', path: '/' });
  assert.match(String(ask('nobody', 'videos-api')), /"nobody", and it is no spiffe/);
  assert.match(String(ask('videos-api', 'nobody')), /no workload or service "nobody"/);
  assert.match(
    String(authzWhy(snapshot, { source: 'videos-api', destination: 'videos-db', method: '', path: '', port: 1 })),
    /no port 1/,
  );
});

const CUSTOM = readFileSync(new URL('../testdata/custom-authorization/in.yaml', import.meta.url), 'utf8');

function whyCustom(question: Partial<AuthzQuestion>): AuthzAnswer {
  const { snapshot } = readWorld(CUSTOM);
  const answer = authzWhy(snapshot, {
    source: 'playlists-api-1',
    destination: 'videos-api-1',
    method: 'GET',
    path: '/admin/1',
    ...question,
  });
  assert.ok(typeof answer !== 'string', String(answer));
  return answer;
}

test('a CUSTOM rule that holds is asked of its provider', () => {
  const asked = whyCustom({});
  assert.deepEqual([asked.allowed, asked.asks], [true, 'ext-authz-http']);
  assert.deepEqual(
    asked.tried.map(({ action, rule, operationMatches }) => [action, rule, operationMatches].join(' ')),
    [
      'CUSTOM istio-ext-authz-ns[default]-policy[ask-for-videos]-rule[0] true',
      'CUSTOM istio-ext-authz-ns[default]-policy[ask-for-videos]-rule[1] true',
      'DENY ns[default]-policy[no-deletes]-rule[0] false',
    ],
  );
  assert.equal(whyCustom({ path: '/videos/1' }).asks, undefined);
});

test('what a DENY policy denies is denied whatever the provider says', () => {
  const { allowed, asks, rule } = whyCustom({ method: 'DELETE' });
  assert.deepEqual([allowed, asks, rule], [false, undefined, 'ns[default]-policy[no-deletes]-rule[0]']);
});

test('a provider that is not there denies what its rules are about, and nothing else', () => {
  const denied = whyCustom({ destination: 'playlists-api-1' });
  assert.equal(denied.allowed, false);
  assert.match(
    denied.reason,
    /MeshConfig has no extensionProvider "ext-authz-htpp"; it has ext-authz-http, ext-authz-grpc$/,
  );
  assert.equal(whyCustom({ destination: 'playlists-api-1', path: '/health' }).allowed, true);
});

test('connections are asked of a gRPC provider', () => {
  assert.equal(whyCustom({ destination: 'videos-db-1' }).asks, 'ext-authz-grpc');
});
