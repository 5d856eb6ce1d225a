import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { authzWhy, type AuthzAnswer, type AuthzQuestion } from './authz-why.ts';
import { translate } from './translate.ts';
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
  assert.match(
    String(ask('nobody', 'videos-api')),
    /"nobody", no gateway of that name is connected, and it is no spiffe/,
  );
  assert.match(String(ask('videos-api', 'nobody')), /no workload or service "nobody"/);
  assert.match(
    String(authzWhy(snapshot, { source: 'videos-api', destination: 'videos-db', method: '', path: '', port: 1 })),
    /no port 1/,
  );
});

const RULE = (tls: string): string => `
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: own-way}
spec: {host: videos-api, trafficPolicy: {tls: {mode: ${tls}}}}
`;

test('a caller that DestinationRules keep from mutual TLS has no identity', () => {
  const { allowed, sourceIdentity, sourceWhy, reason } = why({}, RULE('DISABLE'));
  assert.deepEqual([allowed, sourceIdentity], [false, '']);
  assert.equal(sourceWhy, 'DestinationRule default/own-way says tls DISABLE');
  assert.match(reason, /none of their rules matches/);
  assert.equal(why({ source: 'spiffe://cluster.local/ns/default/sa/playlists-api' }, RULE('DISABLE')).allowed, true);
  assert.equal(why({}, RULE('ISTIO_MUTUAL')).allowed, true);
  const strict = `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
`;
  assert.match(
    why({}, RULE('DISABLE') + strict).reason,
    /plaintext to a STRICT port: DestinationRule default\/own-way/,
  );
  assert.match(why({}, `${RULE('SIMPLE')}${strict}`).reason, /TLS without a certificate to a STRICT port/);
});

const BY_ADDRESS = (block: string): string => `
workloads:
  - {name: api-1, service: api, serviceAccount: api, addresses: [10.0.0.1], ports: [{name: http, port: 80}]}
  - {name: near-1, serviceAccount: web, addresses: [127.0.0.1], ports: []}
  - {name: local-1, service: local, serviceAccount: api, addresses: [127.0.0.1], ports: [{name: http, port: 80}]}
  - {name: two-1, serviceAccount: web, addresses: [10.9.0.1, 192.168.0.1], ports: []}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: near}
spec: {rules: [{from: [{source: {ipBlocks: [${block}]}}]}]}
`;

test("the caller's address is the one that it has, and where nobody knows it that is said", () => {
  const ask = (block: string, source: string, destination = 'api-1'): AuthzAnswer => {
    const { snapshot } = readWorld(BY_ADDRESS(block));
    const answer = authzWhy(snapshot, { source, destination, method: 'GET', path: '/' });
    assert.ok(typeof answer !== 'string', String(answer));
    return answer;
  };
  assert.equal(ask('127.0.0.0/8', 'near-1').allowed, true);
  assert.equal(ask('10.0.0.0/8', 'near-1').allowed, false);
  assert.equal(ask('127.0.0.0/8', 'two-1', 'local-1').allowed, true, 'to a loopback address one calls from there');
  const [known, several, unknown] = [
    ask('10.9.0.7', '10.9.0.7'),
    ask('10.9.0.0/16', 'two-1'),
    ask('10.9.0.0/16', 'spiffe://a/b'),
  ];
  assert.deepEqual([known.allowed, known.undecided], [true, undefined]);
  assert.match(several.undecided ?? '', /two-1 has several: 10.9.0.1, 192.168.0.1/);
  assert.match(unknown.undecided ?? '', /nobody knows that of spiffe:\/\/a\/b/);
  assert.equal(ask('0.0.0.0/0', 'spiffe://a/b').undecided, undefined, 'whatever the address is');
});

test('gateways that are connected may be asked about, and may ask', () => {
  const { snapshot, proxies } =
    readWorld(`${readFileSync(new URL('../testdata/gateway/in.yaml', import.meta.url), 'utf8')}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: office, namespace: ingress}
spec: {action: DENY, rules: [{from: [{source: {notIpBlocks: [203.0.113.0/24]}}], to: [{operation: {ports: ["80"]}}]}]}
`);
  const ask = (source: string, destination: string, port?: number) =>
    authzWhy(snapshot, { source, destination, method: 'GET', path: '/', ...(port === undefined ? {} : { port }) }, [
      ...proxies.values(),
    ]) as AuthzAnswer;
  assert.equal(ask('203.0.113.7', 'edge').allowed, true);
  const denied = ask('198.51.100.1', 'ingress/edge', 80);
  assert.deepEqual([denied.allowed, denied.rule, denied.mtls], [false, 'ns[ingress]-policy[office]-rule[0]', 'NONE']);
  assert.equal(ask('edge', 'videos-web').sourceIdentity, 'spiffe://cluster.local/ns/ingress/sa/default');
  assert.match(
    String(authzWhy(snapshot, { source: 'edge', destination: 'edge', method: 'GET', path: '/' })),
    /no gateway/,
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

/** ALLOW, with these rules, for videos-api alone. */
function allows(rules: string): string {
  return `
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: looked-at}
spec: {selector: {matchLabels: {app: looked-at}}, ${rules}}
`;
}
const LOOKED_AT = `
workloads:
  - {name: looked-at-1, service: looked-at, addresses: [10.0.0.9], labels: {app: looked-at}, ports: [{name: http, port: 80}]}
---
`;

test('a path is asked about as the connection manager makes it', () => {
  const ask = (rules: string, path: string) =>
    why({ destination: 'looked-at', path }, allows(rules) + `---${LOOKED_AT}`);
  const a = 'rules: [{to: [{operation: {paths: [/a]}}]}]';
  for (const path of ['/a', '/q/../a', '/%61', '/q/..\\a']) assert.equal(ask(a, path).allowed, true, path);
  for (const path of ['//a', '/%2Fa', '/a/', '/b']) assert.equal(ask(a, path).allowed, false, path);
  const denyOthers = 'action: DENY, rules: [{to: [{operation: {notPaths: [/ok*]}}]}]';
  assert.equal(ask(denyOthers, '/ok/x').allowed, true);
  assert.equal(ask(denyOthers, '/ok/../admin').allowed, false);
  const { allowed, reason, tried } = ask(a, '/a%00');
  assert.deepEqual([allowed, tried], [false, []]);
  assert.match(reason, /answers 400 to the path/);
});

test('the server name is that which the proxy of the caller asks for', () => {
  const ask = (name: string, question: Partial<AuthzQuestion> = {}, extra = '') => {
    const policy = allows(`rules: [{when: [{key: connection.sni, values: [${name}]}]}]`);
    const { tried } = why({ destination: 'looked-at', ...question }, `${policy}---${LOOKED_AT}${extra}`);
    return tried.find(({ rule }) => rule.includes('[looked-at]'))?.operationMatches;
  };
  const own = 'outbound_.80_._.looked-at.default.svc.cluster.local';
  assert.equal(ask(own), true);
  assert.equal(ask('other.test'), false);
  assert.equal(ask(own, { source: 'legacy-1' }), false);
  assert.equal(ask('"*"', { source: 'legacy-1' }), false);
  const named = RULE('SIMPLE, sni: other.test')
    .replace('videos-api', 'looked-at')
    .replace(/^\n---/, '');
  assert.equal(ask('other.test', {}, named), true);
});

test('a port that takes mutual TLS alone looks for the server name where a policy asks', () => {
  const filters = (rules: string): number | undefined => {
    const strict = `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default}
spec: {mtls: {mode: STRICT}}
`;
    const proxies = '---\nproxies: [{name: looked-at-1, traffic: explicit, labels: {app: looked-at}}]\n';
    const world = readWorld(LOOKED_AT.replace(/---\n$/, '') + proxies + strict + allows(rules).replace(/^\n/, ''));
    const proxy = world.proxies.get('looked-at-1');
    assert.ok(proxy);
    return translate(world.snapshot, proxy).listeners.find(({ name }) => name.startsWith('inbound'))?.listenerFilters
      .length;
  };
  assert.equal(filters('rules: [{when: [{key: connection.sni, values: [a]}]}]'), 1);
  assert.equal(filters('rules: [{when: [{key: source.ip, values: [10.0.0.1]}]}]'), 0);
});

test('a policy names the port of the program, and not that of the service', () => {
  const ports = 'ports: [{name: http, port: 10010, listenPort: 18001, appPort: 18010}]';
  const world = LOOKED_AT.replace(/ports: .*\]/, ports);
  const ask = (port: number) =>
    why({ destination: 'looked-at' }, `${allows(`rules: [{to: [{operation: {ports: ["${port}"]}}]}]`)}---${world}`)
      .allowed;
  assert.deepEqual([ask(18010), ask(10010), ask(18001)], [true, false, false]);
});
