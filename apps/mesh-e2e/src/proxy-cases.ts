// The exchanges that Weft and Envoy are compared on: what a client sends, step by step, and the scripts of the upstream.
import { networkInterfaces } from 'node:os';
import { cluster, connectionManager, fileLog, listener, RawClient, routesOf, type Script } from '@weft/testing-harness';

/** Text is sent; a pattern is waited for. After the last step the connection's end is waited for. */
export interface ProxyCase {
  readonly name: string;
  readonly steps: readonly (string | RegExp)[];
  /** Close from this side when the steps are done. */
  readonly hangUp?: boolean;
}

const reply = (status: string, body: string, fields = ''): string =>
  `HTTP/1.1 ${status}\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`;

/** What the upstream does, by the field `x-do` of the request. */
const SCRIPTS: Readonly<Record<string, Script>> = {
  ok: (_, socket) => socket.write(reply('200 OK', 'ok', 'Content-Type: text/plain\r\nServer: app\r\n')),
  echo: ({ body }, socket) => socket.write(reply('200 OK', body)),
  chunked: (_, socket) =>
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n'),
  trailers: (_, socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n',
    ),
  'until-close': (_, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it'),
  'http-1.0': (_, socket) => socket.end('HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nold'),
  204: (_, socket) => socket.write('HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n'),
  304: (_, socket) => socket.write('HTTP/1.1 304 Not Modified\r\netag: "1"\r\ncontent-length: 10\r\n\r\n'),
  head: (_, socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'),
  404: (_, socket) => socket.write(reply('404 Not Found', 'nothing here')),
  503: (_, socket) => socket.write(reply('503 Service Unavailable', 'later')),
  'heals-503': ({ earlier }, socket) =>
    socket.write(earlier < 2 ? reply('503 Service Unavailable', 'later') : reply('200 OK', 'healed')),
  'heals-close': ({ earlier }, socket) => (earlier < 1 ? socket.destroy() : socket.write(reply('200 OK', 'healed'))),
  continue: ({ body }, socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${reply('200 OK', body)}`),
  close: (_, socket) => socket.end(),
  partial: (_, socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'),
  garbage: (_, socket) => socket.write('this is no HTTP\r\n\r\n'),
  'bad-length': (_, socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n'),
  hang: () => undefined,
  upgrade: (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nhello');
    socket.on('data', (chunk: string) => socket.write(chunk.toUpperCase()));
  },
  'no-upgrade': (_, socket) => socket.write(reply('403 Forbidden', 'no sockets')),
  'close-after': (_, socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'),
  fields: (_, socket) =>
    socket.write(
      reply('200 OK', '', 'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty:\r\nConnection: x-hop\r\nX-Hop: 1\r\n'),
    ),
};

export const script: Script = (request, socket) =>
  (SCRIPTS[request.header('x-do') ?? 'ok'] ?? SCRIPTS['ok'])?.(request, socket);

const text = (inline_string: string): object => ({ inline_string });
const retry = (policy: object): object => ({
  num_retries: 3,
  retry_back_off: { base_interval: '0.001s', max_interval: '0.002s' },
  ...policy,
});

export function routes(): readonly Readonly<Record<string, unknown>>[] {
  return [
    { match: { path: '/direct' }, direct_response: { status: 410, body: text('is gone') } },
    { match: { path: '/direct-empty' }, direct_response: { status: 200 } },
    { match: { prefix: '/redirect/host' }, redirect: { host_redirect: 'other.test', https_redirect: true } },
    {
      match: { prefix: '/redirect/path' },
      redirect: { path_redirect: '/new?x=1', response_code: 'TEMPORARY_REDIRECT' },
    },
    {
      match: { prefix: '/redirect/prefix' },
      redirect: { prefix_rewrite: '/moved', strip_query: true, port_redirect: 81 },
    },
    {
      match: { safe_regex: { regex: '/redirect/(\\d+)' } },
      redirect: {
        regex_rewrite: { pattern: { regex: '/redirect/(\\d+)' }, substitution: '/n/\\1' },
        response_code: 'SEE_OTHER',
      },
    },
    {
      match: { prefix: '/rewrite/' },
      route: { cluster: 'up', prefix_rewrite: '/', host_rewrite_literal: 'inner.test' },
    },
    {
      match: { prefix: '/regex-rewrite' },
      route: {
        cluster: 'up',
        regex_rewrite: { pattern: { regex: '^/regex-rewrite/([a-z]+)/(.*)$' }, substitution: '/\\2/\\1' },
      },
    },
    { match: { prefix: '/host-from' }, route: { cluster: 'up', host_rewrite_header: 'x-host' } },
    {
      match: { prefix: '/match', headers: [{ name: 'x-kind', string_match: { exact: 'a' } }] },
      direct_response: { status: 200, body: text('exact') },
    },
    {
      match: { prefix: '/match', headers: [{ name: 'x-kind', string_match: { safe_regex: { regex: 'b+' } } }] },
      direct_response: { status: 200, body: text('regex') },
    },
    {
      match: { prefix: '/match', headers: [{ name: 'x-kind', range_match: { start: 10, end: 20 } }] },
      direct_response: { status: 200, body: text('range') },
    },
    {
      match: { prefix: '/match', query_parameters: [{ name: 'q', string_match: { prefix: 'p' } }] },
      direct_response: { status: 200, body: text('query') },
    },
    {
      match: { prefix: '/match', headers: [{ name: 'x-kind', present_match: true, invert_match: true }] },
      direct_response: { status: 200, body: text('absent') },
    },
    { match: { path_separated_prefix: '/part' }, direct_response: { status: 200, body: text('part') } },
    { match: { prefix: '/CASE', case_sensitive: false }, direct_response: { status: 200, body: text('case') } },
    { match: { prefix: '/no-cluster' }, route: { cluster: 'nowhere' } },
    { match: { prefix: '/by-header' }, route: { cluster_header: 'x-cluster' } },
    { match: { prefix: '/no-host' }, route: { cluster: 'empty' } },
    { match: { prefix: '/refused' }, route: { cluster: 'refused' } },
    {
      match: { prefix: '/retry-refused' },
      route: { cluster: 'refused', retry_policy: retry({ retry_on: 'connect-failure' }) },
    },
    { match: { prefix: '/full' }, route: { cluster: 'full' } },
    { match: { prefix: '/timeout' }, route: { cluster: 'up', timeout: '0.15s' } },
    {
      match: { prefix: '/per-try' },
      route: { cluster: 'up', retry_policy: retry({ retry_on: '5xx', num_retries: 1, per_try_timeout: '0.1s' }) },
    },
    { match: { prefix: '/retry-5xx' }, route: { cluster: 'up', retry_policy: retry({ retry_on: '5xx' }) } },
    {
      match: { prefix: '/retry-codes' },
      route: {
        cluster: 'up',
        retry_policy: retry({ retry_on: 'retriable-status-codes', retriable_status_codes: [404], num_retries: 2 }),
      },
    },
    { match: { prefix: '/retry-reset' }, route: { cluster: 'up', retry_policy: retry({ retry_on: 'reset' }) } },
    {
      match: { prefix: '/fields' },
      route: { cluster: 'up' },
      request_headers_to_add: [{ header: { key: 'X-Added', value: 'a' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }],
      request_headers_to_remove: ['x-gone'],
      response_headers_to_add: [{ header: { key: 'x-response', value: '%PROTOCOL%' } }],
      response_headers_to_remove: ['x-empty'],
    },
    { match: { prefix: '/plain' }, route: { cluster: 'up' } },
  ];
}

const LOG = [
  '%REQ(X-CASE)%|%RESPONSE_CODE%|%RESPONSE_FLAGS%|%RESPONSE_CODE_DETAILS%|%PROTOCOL%|%REQ(:METHOD)%|%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  '%BYTES_RECEIVED%|%BYTES_SENT%|%UPSTREAM_CLUSTER%|%UPSTREAM_REQUEST_ATTEMPT_COUNT%|%ROUTE_NAME%',
].join('|');

/** The bootstrap that both proxies run. */
export function bootstrap(upstream: number, refused: number, log: string): object {
  const manager = connectionManager('front', {
    ...routesOf(...routes()),
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    access_log: [fileLog(log, LOG)],
    use_remote_address: true,
    delayed_close_timeout: '0.2s',
  });
  Object.assign((manager['typed_config'] as { route_config: object }).route_config, {
    validate_clusters: false,
  });
  const hosts = (manager['typed_config'] as { route_config: { virtual_hosts: object[] } }).route_config.virtual_hosts;
  Object.assign(hosts[0] ?? {}, { include_request_attempt_count: true, include_attempt_count_in_response: true });
  const none = { thresholds: [{ max_requests: 0, max_connections: 0, max_pending_requests: 0 }] };
  return {
    static_resources: {
      listeners: [listener('front', manager)],
      clusters: [
        cluster('up', [upstream]),
        cluster('empty', []),
        cluster('refused', [refused]),
        cluster('full', [upstream], { circuit_breakers: none }),
      ],
    },
  };
}

/** What the client saw in one case. */
export async function play(port: number, { steps, hangUp = false }: ProxyCase): Promise<string> {
  const client = new RawClient(port);
  try {
    for (const step of steps) {
      if (typeof step === 'string') client.send(step);
      else await client.until(step);
    }
    return hangUp ? client.received : await client.end();
  } finally {
    client.close();
  }
}

const VARYING: readonly (readonly [RegExp, string])[] = [
  // How a chunked body is cut says nothing: Envoy joins the chunks that come in one read.
  [/\n3\nabc\n2\nde\n/g, '\n5\nabcde\n'],
  [/^(date): .*$/gim, '$1: *'],
  [/^(x-envoy-upstream-service-time): \d+/gim, '$1: *'],
  [/^(x-request-id): [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gim, '$1: *'],
  [/^(x-envoy-expected-rq-timeout-ms): \d+/gim, '$1: *'],
  [/^connection: Upgrade$/gm, 'connection: upgrade'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:*'],
];

// Of a client on the loopback, Envoy forwards its own machine's address instead of the client's, and Weft the client's.
const own = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);

/** The same without what differs from run to run. */
export function normal(bytes: string): string {
  const text = own.reduce((all, address) => all.replaceAll(address, '127.0.0.1'), bytes.replaceAll('\r', ''));
  return VARYING.reduce((all, [pattern, to]) => all.replace(pattern, to), text);
}
