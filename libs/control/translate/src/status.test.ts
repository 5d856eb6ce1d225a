import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { status } from './status.ts';
import { statuses } from './status.testing.ts';
import { readWorld } from './world.testing.ts';

const text = (name: string) => readFileSync(new URL(`../testdata/${name}/in.yaml`, import.meta.url), 'utf8');

test('a VirtualService whose host another one has says who', () => {
  const canary = text('canary');
  const found = statuses(`${text('traffic-split')}\n${canary.slice(canary.indexOf('---'))}`);
  assert.equal(found['VirtualService videos-web'], 'effective on 1 proxy');
  assert.match(
    found['VirtualService videos-web-canary'] ?? '',
    /^shadowed by VirtualService default\/videos-web: it has the same host/,
  );
});

test('what is bound to nothing says to what it would have been', () => {
  const found = statuses(`proxies: [{name: client}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: lost}
spec: {hosts: [a.test], gateways: [nowhere], http: [{route: [{destination: {host: nobody}}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: lost}
spec: {host: nobody}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: unserved}
spec: {selector: {a: b}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: lost}
spec: {parentRefs: [{name: nowhere}], rules: [{backendRefs: [{name: nobody, port: 80}]}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: lost}
spec: {selector: {matchLabels: {app: nobody}}, rules: [{}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: empty}
spec: {hosts: [empty.test], resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], workloadSelector: {labels: {a: b}}}
`);
  assert.match(
    found['VirtualService lost'] ?? '',
    /not attached: there is no Gateway default\/nowhere; nobody describes the host nobody/,
  );
  assert.equal(found['DestinationRule lost'], 'not attached: nobody describes the host nobody');
  assert.equal(found['Gateway unserved'], 'not attached: its selector matches no gateway proxy');
  assert.match(
    found['HTTPRoute lost'] ?? '',
    /not attached: there is no Gateway default\/nowhere; there is no service default\/nobody/,
  );
  assert.equal(found['AuthorizationPolicy lost'], 'not attached: no proxy is selected');
  assert.match(found['ServiceEntry empty'] ?? '', /effective on 1 proxy; no workload has the labels of empty.test/);
});

test('what acts says on how many proxies', () => {
  const found = { ...statuses(text('mutual-tls')), ...statuses(text('authorization')), ...statuses(text('gateway')) };
  assert.equal(found['PeerAuthentication default'], 'effective on 2 proxies');
  assert.equal(found['PeerAuthentication videos-api'], 'effective on 1 proxy');
  assert.equal(
    found['AuthorizationPolicy no-deletes'],
    'effective on 2 proxies; nobody sees methods at port 6379 of redis-1.default (REDIS): ' +
      'the rule denies every connection that the rest of it is about',
  );
  assert.match(found['Gateway demo'] ?? '', /^effective on 1 proxy; port 443 takes no connections: there is no Secret/);
  assert.equal(found['VirtualService demo'], 'effective on 1 proxy');
  assert.equal(
    statuses(text('gateway-api'))['HTTPRoute web'],
    'effective on 1 proxy; no ReferenceGrant of vault lets it refer to secret',
  );
});

test('a Gateway says which Secrets its ports wait for', () => {
  const { snapshot, proxies } = readWorld(text('gateway'));
  const secret = (name: string, ...keys: string[]) => ({
    ref: { group: '', kind: 'Secret', namespace: 'ingress', name },
    createdAtMs: 0,
    labels: {},
    annotations: {},
    spec: { stringData: Object.fromEntries(keys.map((key) => [key, key])) },
  });
  const of = (...documents: ReturnType<typeof secret>[]) => {
    const found = status(snapshot, [...proxies.values()], documents).find(({ ref }) => ref.kind === 'Gateway');
    return found?.notes.map(({ path, message }) => `${path ?? ''}: ${message}`);
  };
  const demo = secret('demo-cert', 'tls.crt', 'tls.key');
  const staff = secret('staff-cert', 'tls.crt', 'tls.key');
  assert.deepEqual(of(demo, staff), [
    'spec.servers[2].tls.credentialName: port 443 takes no connections: Secret ingress/staff-cert has no ca.crt',
    'spec.servers[3].tls.caCertCredentialName: port 443 takes no connections: there is no Secret ingress/partners-cacert or ingress/partners with ca.crt',
  ]);
  assert.deepEqual(of(demo, staff, secret('staff-cert-cacert', 'ca.crt'), secret('partners', 'cacert')), []);
  assert.match(of(staff)?.[0] ?? '', /there is no Secret ingress\/demo-cert with tls.crt and tls.key$/);
});

test('a CUSTOM policy says why its provider cannot be asked, and MeshConfig what of it has no effect', () => {
  const found = statuses(`${text('custom-authorization')}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio}
data: {mesh: "trustDomain: elsewhere"}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: another}
spec: {selector: {matchLabels: {app: videos-api}}, action: CUSTOM, provider: {name: ext-authz-grpc}, rules: [{}]}
`);
  assert.equal(found['AuthorizationPolicy ask-for-connections'], 'effective on 1 proxy');
  assert.match(
    found['AuthorizationPolicy nobody-to-ask'] ?? '',
    /^effective on 1 proxy; what its rules are about is denied: MeshConfig has no extensionProvider "ext-authz-htpp"/,
  );
  assert.equal(found['AuthorizationPolicy not-yet'], 'not attached: nobody is asked in a dry run of CUSTOM');
  for (const name of ['another', 'ask-for-videos'])
    assert.match(found[`AuthorizationPolicy ${name}`] ?? '', /several providers \(ext-authz-grpc, ext-authz-http\)/);
  assert.equal(found['ConfigMap istio'], 'not attached: MeshConfig is read from the namespace istio-system alone');
});
