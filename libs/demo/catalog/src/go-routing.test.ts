import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeRequest, type RoutingDecision, type ServiceRoute } from './go-routing.ts';

const SERVE: RoutingDecision = { kind: 'serve' };
const OPTIONS: RoutingDecision = { kind: 'options', allow: 'GET, OPTIONS' };
const NOT_ALLOWED: RoutingDecision = { kind: 'method-not-allowed', allow: 'GET, OPTIONS' };
const NOT_FOUND: RoutingDecision = { kind: 'not-found' };
const to = (location: string): RoutingDecision => ({ kind: 'redirect', location });

const CASES: readonly (readonly [ServiceRoute, string, string, RoutingDecision])[] = [
  ['/', 'GET', '/', SERVE],
  ['/', 'GET', '/?a=1', SERVE],
  ['/', 'OPTIONS', '/', OPTIONS],
  ['/', 'POST', '/', NOT_ALLOWED],
  ['/', 'HEAD', '/', NOT_ALLOWED],
  ['/', 'GET', '/x', NOT_FOUND],
  ['/', 'POST', '/x', NOT_FOUND],
  ['/', 'OPTIONS', '/x', NOT_FOUND],
  ['/', 'GET', '//', to('/')],
  ['/', 'GET', '/x/..?q=1', to('/?q=1')],
  ['/:id', 'GET', '/', NOT_FOUND],
  ['/:id', 'POST', '/', NOT_FOUND],
  ['/:id', 'GET', '/a', SERVE],
  ['/:id', 'GET', '/a%20b', SERVE],
  ['/:id', 'GET', '/a/', to('/a')],
  ['/:id', 'GET', '/a%20b/?x=1', to('/a%20b?x=1')],
  ['/:id', 'GET', '/a%3Fb/', to('/a%3Fb')],
  ['/:id', 'GET', '//a', to('/a')],
  ['/:id', 'GET', '/x/../a/', to('/a')],
  ['/:id', 'GET', '/a/b', NOT_FOUND],
  ['/:id', 'GET', '/a%2Fb', NOT_FOUND],
  ['/:id', 'POST', '/a/', NOT_FOUND],
  ['/:id', 'POST', '/a', NOT_ALLOWED],
  ['/:id', 'HEAD', '/a', NOT_ALLOWED],
  ['/:id', 'OPTIONS', '/a', OPTIONS],
  ['/:id', 'OPTIONS', '*', { kind: 'options', allow: '' }],
  ['/:id', 'GET', '/%zz', { kind: 'bad-request' }],
];

for (const [route, method, url, expected] of CASES) {
  const outcome = expected.kind === 'redirect' ? `redirect to ${expected.location}` : expected.kind;
  test(`a service of ${route} answers ${method} ${url} with ${outcome}`, () => {
    assert.deepEqual(routeRequest(method, url, route), expected);
  });
}
