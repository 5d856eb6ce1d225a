import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap } from '@weft/core-http';
import { redirectLocation, rewritePath } from '@weft/model-route';
import { simulate, type TestCall } from './simulate.testing.ts';
import { translate } from './translate.ts';
import { readWorld } from './world.testing.ts';

/** A gateway with plain HTTP at 80 and at 8080, and TLS at 443, and the routes of one HTTPRoute at all three. */
function gatewayWith(rules: string, hostnames = '[a.gw.test]') {
  const { snapshot, proxies } = readWorld(`
proxies: [{name: edge, role: gateway}]
workloads:
  - {name: web-1, service: web, addresses: [10.0.1.1], ports: [{name: http, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: weft
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: odd, port: 8080, protocol: HTTP}
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: edge}]
  hostnames: ${hostnames}
  rules: ${rules}
`);
  const edge = proxies.get('edge');
  assert.ok(edge);
  const resources = translate(snapshot, edge);
  return (call: TestCall) => simulate(resources, 'outbound', call).route;
}

const TLS = { tls: { sni: 'a.gw.test' } };

function location(redirect: string, call: TestCall, hostnames?: string): string {
  const filter = `{type: RequestRedirect, requestRedirect: ${redirect}}`;
  const matches = '[{path: {type: PathPrefix, value: /s}}]';
  const route = gatewayWith(`[{matches: ${matches}, filters: [${filter}]}]`, hostnames)({ path: '/s/x', ...call });
  assert.equal(route?.action.kind, 'redirect');
  const { action } = route;
  const { host = '', path = '/s/x' } = call;
  const headers = new RequestHeaderMap('GET', path, host, []);
  headers.scheme = call.tls === undefined ? 'http' : 'https';
  if (action.pathRewrite !== undefined) headers.path = rewritePath(action.pathRewrite, route.route, path);
  return redirectLocation(action, headers);
}

test('a redirect without a port names that of its scheme, else that of the listener, unless the scheme implies it', () => {
  const at = (port: number, host = 'a.gw.test') => ({ port, host, ...(port === 443 ? TLS : {}) });
  const odd = at(8080, 'a.gw.test:8080');
  assert.equal(location('{scheme: https}', odd), 'https://a.gw.test/s/x');
  assert.equal(location('{scheme: http}', odd), 'http://a.gw.test/s/x');
  assert.equal(location('{hostname: z.gw.test}', odd), 'http://z.gw.test:8080/s/x');
  assert.equal(location('{hostname: z.gw.test, scheme: https}', odd), 'https://z.gw.test/s/x');
  assert.equal(location('{hostname: z.gw.test, port: 80}', odd), 'http://z.gw.test/s/x');
  assert.equal(location('{scheme: https, port: 8443}', odd), 'https://a.gw.test:8443/s/x');
  assert.equal(location('{path: {type: ReplaceFullPath, replaceFullPath: /n}}', odd), 'http://a.gw.test:8080/n');
  assert.equal(location('{scheme: https}', at(80)), 'https://a.gw.test/s/x');
  assert.equal(location('{hostname: z.gw.test}', at(80)), 'http://z.gw.test/s/x');
  assert.equal(location('{hostname: z.gw.test}', at(443)), 'https://z.gw.test/s/x');
  assert.equal(location('{scheme: http, port: 443}', at(443)), 'http://a.gw.test:443/s/x');
});

test('a redirect of a wildcard keeps the host that was called', () => {
  const wildcard = '["*.gw.test"]';
  assert.equal(location('{scheme: https}', { port: 80, host: 'a.gw.test' }, wildcard), 'https://a.gw.test/s/x');
  // No proxy can take a port from Host but for another; this one is the scheme's own.
  assert.equal(
    location('{scheme: https}', { port: 8080, host: 'a.gw.test:8080' }, wildcard),
    'https://a.gw.test:443/s/x',
  );
});

test('a redirect replaces a prefix by whole segments', () => {
  const path = (to: string) => `{path: {type: ReplacePrefixMatch, replacePrefixMatch: ${to}}}`;
  const call = { port: 80, host: 'a.gw.test' };
  assert.equal(location(path('/n/'), call), 'http://a.gw.test/n/x');
  assert.equal(location(path('/'), call), 'http://a.gw.test/x');
});

test('the share of a backend that is not there is answered 500, and that of the others arrives', () => {
  const call = gatewayWith('[{backendRefs: [{name: web, port: 80}, {name: missing, port: 80}]}]');
  const at = (draw: number) => call({ port: 80, host: 'a.gw.test', draw });
  assert.equal(at(0)?.clusterName, 'outbound|80||web.default.svc.cluster.local');
  const route = at(1);
  assert.equal(route?.clusterName, 'InvalidBackendCluster');
  assert.equal(route.action.kind === 'forward' && route.action.clusterNotFoundStatus, 500);
  const none = gatewayWith('[{backendRefs: [{name: missing, port: 80}]}]')({ port: 80, host: 'a.gw.test' })?.action;
  assert.equal(none?.kind === 'direct_response' && none.status, 500);
});
