import type { ProxyCase } from './proxy-cases.ts';

/** A request of its own connection. `more` are further header lines. */
function get(path: string, does = 'ok', more: readonly string[] = []): string {
  return request('GET', path, [`x-do: ${does}`, ...more]);
}

function request(method: string, path: string, fields: readonly string[], body = ''): string {
  return [`${method} ${path} HTTP/1.1`, 'host: test', 'x-case: CASE', ...fields, 'connection: close', '', body].join(
    '\r\n',
  );
}

const WEBSOCKET = 'GET /plain HTTP/1.1\r\nhost: test\r\nx-case: CASE\r\nconnection: Upgrade\r\nupgrade: websocket\r\n';
const open = (head: string): string => head.replace('connection: close\r\n', '');
const one = (name: string, ...steps: (string | RegExp)[]): ProxyCase => ({ name, steps });

const messages: readonly ProxyCase[] = [
  one('a request and its answer', get('/plain?a=b')),
  one('a second request on the same connection', open(get('/plain')), /ok$/, get('/plain', '404')),
  one('three requests at once', open(get('/plain')) + open(get('/plain', 'chunked')) + get('/plain', '404')),
  one('HTTP/1.0, which is asked to upgrade', 'GET /plain HTTP/1.0\r\n\r\n'),
  one('a body with a length', request('POST', '/plain', ['x-do: echo', 'content-length: 5'], 'hello')),
  one('a body in pieces', request('POST', '/plain', ['x-do: echo', 'content-length: 10'], 'hel'), 'lo wo', 'rl'),
  one(
    'a chunked body',
    request('POST', '/plain', ['x-do: ok', 'transfer-encoding: chunked'], '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'),
  ),
  one('a chunked answer', get('/plain', 'chunked')),
  one('an answer with trailers', get('/plain', 'trailers')),
  one('an answer until the end of the connection', get('/plain', 'until-close')),
  one('an answer of HTTP/1.0', get('/plain', 'http-1.0')),
  one('204', get('/plain', '204')),
  one('304 with a length', get('/plain', '304')),
  one('HEAD', request('HEAD', '/plain', ['x-do: head'])),
  one('HEAD of a direct response', request('HEAD', '/direct', [])),
  one('an upstream that closes with its answer', get('/plain', 'close-after')),
  one(
    'Expect, answered at once',
    request('POST', '/plain', ['x-do: echo', 'expect: 100-continue', 'content-length: 2']),
    /100 Continue\r\n\r\n/,
    'hi',
  ),
  one('100 of the upstream', request('POST', '/plain', ['x-do: continue', 'content-length: 2'], 'hi')),
  { name: 'a WebSocket', steps: [`${WEBSOCKET}x-do: upgrade\r\n\r\n`, /hello$/, 'bytes', /BYTES$/], hangUp: true },
  { name: 'a WebSocket that is refused', steps: [`${WEBSOCKET}x-do: no-upgrade\r\n\r\n`, /no sockets$/], hangUp: true },
  one(
    'an upgrade that is not configured',
    request('GET', '/plain', []).replace('connection: close', 'connection: upgrade\r\nupgrade: h3'),
  ),
  one(
    'hop-by-hop and repeated fields',
    get('/plain', 'fields', ['te: gzip', 'keep-alive: 3', 'x-multi: 1', 'x-multi: 2']),
  ),
  one('fields added and removed by the route', get('/fields', 'fields', ['x-gone: 1', 'x-other: mine'])),
  one(
    'forwarded fields of an outside client',
    get('/plain', 'ok', [
      'x-forwarded-for: 1.2.3.4',
      'x-forwarded-proto: https',
      'x-request-id: mine',
      'x-envoy-retry-on: 5xx',
    ]),
  ),
];

const bad: readonly ProxyCase[] = [
  one('no host', 'GET /plain HTTP/1.1\r\nx-case: CASE\r\n\r\n'),
  one('no HTTP at all', 'hello there\r\n\r\n'),
  one('both lengths', request('POST', '/plain', ['content-length: 3', 'transfer-encoding: chunked'], '0\r\n\r\n')),
  one('two different lengths', request('POST', '/plain', ['content-length: 3', 'content-length: 4'], 'abcd')),
  one('an unknown transfer coding', request('POST', '/plain', ['transfer-encoding: zip'], '')),
  one('a head of more than 60 KiB', get('/plain', 'ok', [`x-long: ${'x'.repeat(62_000)}`])),
  one(
    'more than 100 fields',
    get(
      '/plain',
      'ok',
      Array.from({ length: 100 }, (_, i) => `x-${i}: 1`),
    ),
  ),
  one('a space before the colon', get('/plain', 'ok', ['x-bad : 1'])),
  one('a chunk size that is none', request('POST', '/plain', ['x-do: echo', 'transfer-encoding: chunked'], 'zz\r\n')),
  one('CONNECT without a route', 'CONNECT test:443 HTTP/1.1\r\nhost: test:443\r\nx-case: CASE\r\n\r\n'),
  one('a path with a fragment', get('/plain#x')),
];

const routing: readonly ProxyCase[] = [
  ...[
    '/direct',
    '/direct-empty',
    '/part',
    '/part/of',
    '/party',
    '/case/x',
    '/none',
    '/by-header',
    '/no-cluster',
    '/no-host',
  ].map((path) => one(`GET ${path}`, get(path))),
  ...['/redirect/host?a=1', '/redirect/path', '/redirect/prefix/x?a=1', '/redirect/42'].map((path) =>
    one(`GET ${path}`, get(path)),
  ),
  one('a redirect of a host with a port', get('/redirect/prefix').replace('host: test', 'host: test:8080')),
  ...['/rewrite/x/y?z', '/regex-rewrite/abc/d/e?f'].map((path) => one(`GET ${path}`, get(path))),
  one('the host of a field', get('/host-from', 'ok', ['x-host: named.test'])),
  ...['a', 'bbb', 'abb', '15', '20', '-1'].map((kind) =>
    one(`x-kind: ${kind}`, get('/match', 'ok', [`x-kind: ${kind}`])),
  ),
  one('no x-kind', get('/match')),
  one('a query parameter', get('/match?x=1&q=pq')),
  one('another query parameter', get('/match?q=x', 'ok', ['x-kind: z'])),
  one('the cluster that a field names', get('/by-header', 'ok', ['x-cluster: up'])),
  one('a cluster that is nowhere, named by a field', get('/by-header', 'ok', ['x-cluster: nope'])),
];

const failures: readonly ProxyCase[] = [
  one('an upstream that refuses connections', get('/refused')),
  one('retries on refused connections', get('/retry-refused')),
  one('an upstream that closes without an answer', get('/plain', 'close')),
  one('an upstream that closes within its answer', get('/plain', 'partial')),
  one('an upstream that does not speak HTTP', get('/plain', 'garbage')),
  one('an upstream with a length that is none', get('/plain', 'bad-length')),
  one('a circuit breaker that is open', get('/full')),
  one('a timeout of the route', get('/timeout', 'hang')),
  one('a timeout of each try', get('/per-try', 'hang')),
  one('a 503 that nobody retries', get('/plain', '503')),
  one('retries that heal', get('/retry-5xx', 'heals-503')),
  one('retries that do not heal', get('/retry-5xx', '503')),
  one('retries of a status that the route names', get('/retry-codes', '404')),
  one('a retry after a closed connection', get('/retry-reset', 'heals-close')),
  one('retries of closed connections until none is left', get('/retry-reset', 'close')),
  one('no retry of an answer that began', get('/retry-reset', 'partial')),
];

/** Every case, with its own `x-case`. */
export const CASES: readonly ProxyCase[] = [...messages, ...bad, ...routing, ...failures].map((each, i) => ({
  ...each,
  steps: each.steps.map((step) => (typeof step === 'string' ? step.replaceAll('CASE', `c${i}.`) : step)),
}));
