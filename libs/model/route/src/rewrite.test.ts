import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestHeaderMap } from '@weft/core-http';
import { matchRoute } from './match-route.ts';
import { redirectLocation, rewriteHost, rewritePath } from './rewrite.ts';
import { matchContext, tableOf } from './testing.ts';

function rewritten(match: object, route: object, path: string): string {
  const found = matchRoute(
    tableOf({ match, route: { cluster: 'x', ...route } } as never),
    new RequestHeaderMap('GET', path, 'a'),
    matchContext(),
  );
  assert.ok(found?.action.kind === 'forward' && found.action.pathRewrite);
  return rewritePath(found.action.pathRewrite, found.route, path);
}

test('a path is rewritten by the prefix that matched, or by a regular expression, and keeps its query', () => {
  assert.equal(rewritten({ prefix: '/api/' }, { prefix_rewrite: '/' }, '/api/x?q=1'), '/x?q=1');
  assert.equal(rewritten({ path: '/api' }, { prefix_rewrite: '/v2' }, '/api?q=1'), '/v2?q=1');
  assert.equal(rewritten({ safe_regex: { regex: '/a.*' } }, { prefix_rewrite: '/b' }, '/abc?q'), '/b?q');
  assert.equal(rewritten({ prefix: '/API', case_sensitive: false }, { prefix_rewrite: '/x' }, '/api/y'), '/x/y');
  const regex_rewrite = { pattern: { regex: '^/service/([^/]+)(/.*)$' }, substitution: '\\2/instance/\\1' };
  assert.equal(
    rewritten({ prefix: '/' }, { regex_rewrite }, '/service/foo/v1/api?a=/service/'),
    '/v1/api/instance/foo?a=/service/',
  );
});

function location(redirect: object, authority: string, path: string, scheme = 'http'): string {
  const headers = new RequestHeaderMap('GET', path, authority);
  headers.scheme = scheme;
  const found = matchRoute(tableOf({ match: { prefix: '/' }, redirect } as never), headers, matchContext());
  assert.ok(found?.action.kind === 'redirect');
  if (found.action.pathRewrite) headers.path = rewritePath(found.action.pathRewrite, found.route, path);
  return redirectLocation(found.action, headers);
}

test('a redirect changes the parts of the URL that it names', () => {
  assert.equal(location({ https_redirect: true }, 'a.test:80', '/x?y'), 'https://a.test/x?y');
  assert.equal(location({ https_redirect: true }, 'a.test:8080', '/'), 'https://a.test:8080/');
  assert.equal(location({ scheme_redirect: 'http' }, 'a.test:443', '/', 'https'), 'http://a.test/');
  assert.equal(location({ host_redirect: 'b.test' }, 'a.test:81', '/x'), 'http://b.test/x');
  assert.equal(location({ port_redirect: 8443 }, '[::1]:80', '/'), 'http://[::1]:8443/');
  assert.equal(location({ path_redirect: '/new' }, 'a', '/old?q=1'), 'http://a/new?q=1');
  assert.equal(location({ path_redirect: '/new?r=2' }, 'a', '/old?q=1'), 'http://a/new?r=2');
  assert.equal(location({ path_redirect: '/new', strip_query: true }, 'a', '/old?q=1'), 'http://a/new');
  assert.equal(location({ strip_query: true }, 'a', '/old?q=1'), 'http://a/old');
  assert.equal(location({ prefix_rewrite: '/v2/' }, 'a', '/x'), 'http://a/v2/x');
});

test('the host comes from a text, a header or the path', () => {
  const headers = new RequestHeaderMap('GET', '/tenant-a/x?y', 'a.test', ['x-host', 'b.test']);
  assert.equal(rewriteHost({ kind: 'literal', host: 'c.test' }, headers), 'c.test');
  assert.equal(rewriteHost({ kind: 'header', name: 'x-host' }, headers), 'b.test');
  assert.equal(rewriteHost({ kind: 'header', name: 'x-none' }, headers), '');
});
