// The configuration and the exchanges that ext_authz of Weft and of Envoy are compared on.
import {
  cluster,
  connectionManager,
  downstreamTls,
  fileLog,
  http2Upstream,
  loopback,
  ROUTER_FILTER,
  routesOf,
  type IssuedCertificate,
} from '@weft/testing-harness';
import type { ClientRequest, ExtAuthzWorld, Json } from './ext-authz-world.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3';
/** A connection manager that asks; `filter` goes to ExtAuthz. */
function asking(
  name: string,
  filter: Json,
  more: { readonly routes?: readonly Json[]; readonly before?: readonly Json[] } = {},
): Json {
  const { before = [], routes = [{ match: { prefix: '/' }, route: { cluster: 'up' } }] } = more;
  const authz = {
    name: 'envoy.filters.http.ext_authz',
    typed_config: { '@type': `${TYPE}.ExtAuthz`, transport_api_version: 'V3', ...filter },
  };
  const manager = connectionManager(name, { ...routesOf(...routes), http_filters: [...before, authz, ROUTER_FILTER] });
  return { name, address: loopback(0), filter_chains: [{ filters: [manager] }] };
}

/** With a time that a busy machine keeps to; those that are to take too long have their own. */
const grpc = (fields: Json = {}): Json => ({
  grpc_service: { envoy_grpc: { cluster_name: 'grpc' }, timeout: '5s', ...fields },
});
const HASTY = { grpc_service: { envoy_grpc: { cluster_name: 'grpc' } } };
const http = (fields: Json = {}): Json => ({
  http_service: { server_uri: { uri: 'http://authz.test', cluster: 'http', timeout: '5s' }, ...fields },
});
const names = (...list: readonly string[]): Json => ({ patterns: list.map((exact) => ({ exact })) });
const perRoute = (fields: Json): Json => ({
  typed_per_filter_config: { 'envoy.filters.http.ext_authz': { '@type': `${TYPE}.ExtAuthzPerRoute`, ...fields } },
});

/** The rbac filter whose shadow rules decide who is asked about. */
const shadow: Json = {
  name: 'envoy.filters.http.rbac',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
    shadow_rules_stat_prefix: 'istio_ext_authz_',
    rules_stat_prefix: 'own_',
    track_per_rule_stats: true,
    rules: { policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } },
    shadow_rules: {
      action: 'DENY',
      policies: {
        'istio-ext-authz-ns[default]-policy[ask]-rule[0]': {
          permissions: [{ url_path: { path: { prefix: '/asked' } } }],
          principals: [{ any: true }],
        },
      },
    },
  },
};
const whenShadowed = (filter: string): Json => ({
  filter_enabled_metadata: {
    filter,
    path: [{ key: 'istio_ext_authz_shadow_effective_policy_id' }],
    value: { string_match: { prefix: 'istio-ext-authz' } },
  },
});

const network = (name: string, answer: string, fields: Json = {}, before: readonly Json[] = []): Json => ({
  name,
  address: loopback(0),
  filter_chains: [
    {
      filters: [
        ...before,
        {
          name: 'envoy.filters.network.ext_authz',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.ext_authz.v3.ExtAuthz',
            stat_prefix: name,
            transport_api_version: 'V3',
            ...grpc({ initial_metadata: [{ key: 'x-answer', value: answer }] }),
            ...fields,
          },
        },
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
            stat_prefix: name,
            cluster: 'tcp',
          },
        },
      ],
    },
  ],
});
const networkRbac: Json = {
  name: 'envoy.filters.network.rbac',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC',
    stat_prefix: 'tcp.',
    shadow_rules_stat_prefix: 'istio_ext_authz_',
    shadow_rules: {
      action: 'DENY',
      policies: {
        'istio-ext-authz-ns[default]-policy[ask]-rule[0]': {
          permissions: [{ any: true }],
          principals: [{ any: true }],
        },
      },
    },
  },
};

/** What is different from proxy to proxy, or from run to run. */
export interface ExtAuthzPlace {
  readonly server: IssuedCertificate;
  readonly caFile: string;
  readonly logFile: string;
}

/** The same listener, which writes a line for each request or connection. */
function logging(listener: Json, logFile: string): Json {
  const [chain] = listener['filter_chains'] as readonly [{ readonly filters: readonly Json[] }];
  const terminal = chain.filters.at(-1) as Json;
  const typed_config = {
    ...(terminal['typed_config'] as Json),
    access_log: [
      fileLog(logFile, '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS%'),
    ],
  };
  const filters = [...chain.filters.slice(0, -1), { ...terminal, typed_config }];
  return { ...listener, filter_chains: [{ ...chain, filters }] };
}

function secured(listener: Json, { server, caFile }: ExtAuthzPlace): Json {
  const [chain] = listener['filter_chains'] as readonly [Json];
  return { ...listener, filter_chains: [{ ...chain, transport_socket: downstreamTls(server, ['http/1.1'], caFile) }] };
}

export function extAuthzBootstrap(world: ExtAuthzWorld, place: ExtAuthzPlace): Json {
  const routed = [
    { match: { prefix: '/open' }, route: { cluster: 'up' }, ...perRoute({ disabled: true }) },
    {
      match: { prefix: '/extended' },
      route: { cluster: 'up' },
      metadata: { filter_metadata: { 'route.ns': { tier: 'gold' }, other: { x: 1 } } },
      ...perRoute({ check_settings: { context_extensions: { place: 'route', own: '1' } } }),
    },
    {
      match: { prefix: '/unbuffered' },
      route: { cluster: 'up' },
      ...perRoute({ check_settings: { disable_request_body_buffering: true } }),
    },
    { match: { prefix: '/by-http' }, route: { cluster: 'up' }, ...perRoute({ check_settings: http() }) },
    {
      match: { prefix: '/', headers: [{ name: 'x-route', string_match: { exact: 'other' } }] },
      route: { cluster: 'other' },
    },
    { match: { prefix: '/direct' }, direct_response: { status: 200, body: { inline_string: 'direct' } } },
    { match: { prefix: '/' }, route: { cluster: 'up' } },
  ];
  const listeners = [
    secured(asking('grpc-tls', { ...grpc(), include_tls_session: true, include_peer_certificate: true }), place),
    asking('grpc', { ...grpc(), route_metadata_context_namespaces: ['route.ns'], max_denied_response_body_bytes: 5 }, { routes: routed }),
    asking('grpc-open', { ...grpc(), failure_mode_allow: true, failure_mode_allow_header_add: true, stat_prefix: 'waf' }),
    asking('grpc-strict', { ...grpc(), validate_mutations: true, status_on_error: { code: 503 }, charge_cluster_response_stats: false }),
    asking('grpc-rerouting', { ...grpc(), clear_route_cache: true }, { routes: routed }),
    asking('grpc-body', { ...grpc(), with_request_body: { max_request_bytes: 10 } }, { routes: routed }),
    asking('grpc-partial', { ...grpc(), with_request_body: { max_request_bytes: 5, allow_partial_message: true, pack_as_bytes: true } }),
    asking('grpc-large', { ...grpc(), with_request_body: { max_request_bytes: 2_000_000 } }),
    asking('grpc-rules', { ...grpc(), decoder_header_mutation_rules: {} }),
    asking('grpc-rules-strict', {
      ...grpc(),
      decoder_header_mutation_rules: { disallow_is_error: true, disallow_expression: { google_re2: {}, regex: 'x-act.*' } },
    }),
    asking('grpc-rules-all', {
      ...grpc(),
      decoder_header_mutation_rules: { disallow_all: true, allow_expression: { regex: ':path|x-old' } },
    }),
    asking('grpc-rules-routing', {
      ...grpc(),
      decoder_header_mutation_rules: { allow_all_routing: true, allow_envoy: true, disallow_system: true },
    }),
    asking('grpc-raw', { ...grpc(), encode_raw_headers: true }),
    asking('grpc-chosen', { ...grpc(), allowed_headers: { patterns: [{ prefix: 'x-a' }, { exact: ':path' }] }, disallowed_headers: names('x-away') }),
    asking('grpc-labels', {
      ...grpc(), bootstrap_metadata_labels_key: 'labels', include_tls_session: true, include_peer_certificate: true,
      metadata_context_namespaces: ['envoy.filters.http.rbac'],
    }, { before: [shadow] }),
    asking('grpc-shadow', { ...grpc(), ...whenShadowed('envoy.filters.http.rbac') }, { before: [shadow] }),
    asking('grpc-never', {
      ...grpc(), filter_enabled: { default_value: { numerator: 0 } }, status_on_error: { code: 429 },
      deny_at_disable: { default_value: true, runtime_key: 'deny' },
    }),
    asking('grpc-off', { ...grpc(), filter_enabled: { default_value: { numerator: 0 }, runtime_key: 'x' } }),
    asking('grpc-away', { grpc_service: { envoy_grpc: { cluster_name: 'away' } } }),
    asking('grpc-away-open', { grpc_service: { envoy_grpc: { cluster_name: 'away' } }, failure_mode_allow: true }),
    asking('grpc-hasty', HASTY),
    asking('grpc-hasty-open', { ...HASTY, failure_mode_allow: true, failure_mode_allow_header_add: true }),
    asking('http-hasty', {
      http_service: { server_uri: { uri: 'http://authz.test', cluster: 'http', timeout: '0.25s' } },
    }),
    asking('http', http()),
    asking('http-chosen', {
      ...http({
        path_prefix: '/check',
        authorization_request: { headers_to_add: [{ key: 'x-from', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' }, { key: 'x-a1', value: 'mine' }] },
        authorization_response: {
          allowed_upstream_headers: names('x-user'),
          allowed_upstream_headers_to_append: names('x-add', 'x-both'),
          allowed_client_headers: names('x-why'),
          allowed_client_headers_on_success: names('x-to-client', 'x-both'),
          dynamic_metadata_from_headers: names('x-meta'),
        },
      }),
      allowed_headers: { patterns: [{ prefix: 'x-a' }] },
      failure_mode_allow: true,
    }),
    asking('http-older', { ...http({ path_override: '/fixed?answer=deny', authorization_request: { allowed_headers: names('x-a1') } }) }),
    asking('http-retry', http({ retry_policy: { num_retries: 2, retry_on: '5xx', retry_back_off: { base_interval: '0.01s', max_interval: '1s' } } })),
    asking('http-body', { ...http(), allowed_headers: names('x-answer', 'content-type'), with_request_body: { max_request_bytes: 20, allow_partial_message: true } }),
    asking('http-away', { http_service: { server_uri: { uri: 'http://away.test', cluster: 'away', timeout: '1s' } }, status_on_error: { code: 502 } }),
    asking('http-away-open', { http_service: { server_uri: { uri: 'http://away.test', cluster: 'away', timeout: '1s' } }, failure_mode_allow: true }),
    network('tcp-ok', 'ok'),
    network('tcp-deny', 'deny'),
    network('tcp-fail', 'fail'),
    network('tcp-open', 'fail', { failure_mode_allow: true }),
    network('tcp-hang', 'hang', grpc({ timeout: '0.2s', initial_metadata: [{ key: 'x-answer', value: 'hang' }] })),
    network('tcp-shadowed', 'deny', { ...whenShadowed('envoy.filters.network.rbac'), bootstrap_metadata_labels_key: 'labels', metadata_context_namespaces: ['envoy.filters.network.rbac'] }, [networkRbac]),
    network('tcp-unshadowed', 'deny', whenShadowed('envoy.filters.network.rbac')),
  ]; // prettier-ignore
  return {
    node: { id: 'n', cluster: 'c', metadata: { labels: { app: 'web', tier: 'front', number: 3 } } },
    static_resources: {
      listeners: listeners.map((one) => logging(one, place.logFile)),
      clusters: [
        cluster('up', [world.upstreamPort]),
        cluster('other', [world.upstreamPort]),
        cluster('tcp', [world.tcpPort]),
        cluster('http', [world.httpPort]),
        cluster('grpc', [world.grpcPort], http2Upstream()),
        cluster('away', [1], http2Upstream()),
      ],
    },
  };
}

export interface HttpCase extends Omit<ClientRequest, 'port'> {
  readonly listener: string;
  readonly title: string;
}

const answer = (name: string, ...more: readonly string[]): readonly string[] => ['x-answer', name, ...more];
const OLD = [
  'x-secret', 's', 'x-old', '1', 'x-old-appended', '1', 'x-old-set', '1', 'x-act-append', '1', 'x-act-absent', '1',
  'x-act-exists', '1', 'x-act-set', '1', 'x-act-set', '2', 'user-agent', 'me', 'x-both', 'client', 'x-add', 'client', 'x-user', 'client',
]; // prettier-ignore

export const HTTP_CASES: readonly HttpCase[] = [
  { title: 'it allows', listener: 'grpc', headers: answer('ok'), path: '/a?b=c' },
  { title: 'an answer without a status allows', listener: 'grpc', headers: answer('no-status') },
  { title: 'it denies', listener: 'grpc', headers: answer('deny') },
  { title: 'it denies with status, headers and body, which is cut', listener: 'grpc', headers: answer('teapot') },
  { title: 'it denies a HEAD', listener: 'grpc', method: 'HEAD', headers: answer('teapot') },
  { title: 'it denies gRPC', listener: 'grpc', method: 'POST', headers: answer('teapot', 'content-type', 'application/grpc'), body: 'x' },
  { title: 'it denies with headers that come twice', listener: 'grpc', headers: answer('deny-twice') },
  { title: 'it changes headers and query', listener: 'grpc', path: '/p?z=1&b=2&drop=3&b=4&flag', headers: answer('mutate', ...OLD) },
  { title: 'it changes nothing that is not there', listener: 'grpc', path: '/p', headers: answer('mutate') },
  { title: 'it rewrites the path', listener: 'grpc', headers: answer('path') },
  { title: 'it has an error of its own', listener: 'grpc', headers: answer('error') },
  { title: 'it has an error and says nothing of it', listener: 'grpc', headers: answer('error-plain') },
  { title: 'it fails', listener: 'grpc', headers: answer('fail') },
  { title: 'it takes too long', listener: 'grpc-hasty', headers: answer('hang') },
  { title: 'a route is open', listener: 'grpc', path: '/open', headers: answer('deny') },
  { title: 'a route says more of itself', listener: 'grpc', path: '/extended', headers: answer('ok') },
  { title: 'a route asks an HTTP service', listener: 'grpc', path: '/by-http', headers: answer('deny') },
  { title: 'a route that answers itself is guarded', listener: 'grpc', path: '/direct', headers: answer('deny') },
  { title: 'a route that answers itself may answer', listener: 'grpc', path: '/direct', headers: answer('ok') },
  { title: 'a client cannot pretend to a part of a body', listener: 'grpc', headers: answer('ok', 'x-envoy-auth-partial-body', 'true') },
  { title: 'headers come twice and are no UTF-8', listener: 'grpc', headers: answer('ok', 'x-a', '1', 'x-a', '2', 'x-b', '\u00e9\u00ff', 'cookie', 'a=1', 'cookie', 'b=2') },
  { title: 'a failing service allows where that is configured', listener: 'grpc-open', headers: answer('fail') },
  { title: 'an error of its own allows where that is configured', listener: 'grpc-open', headers: answer('error') },
  { title: 'a service that takes too long allows where that is configured', listener: 'grpc-hasty-open', headers: answer('hang') },
  { title: 'a denial is one where failures allow', listener: 'grpc-open', headers: answer('deny') },
  { title: 'an error has a status', listener: 'grpc-strict', headers: answer('fail') },
  { title: 'an error of its own has its own status', listener: 'grpc-strict', headers: answer('error') },
  { title: 'a denial is not charged', listener: 'grpc-strict', headers: answer('deny') },
  ...['bad-action', 'bad-request-action', 'bad-name', 'bad-value', 'bad-query', 'bad-denied', 'bad-removal', 'mutate'].map((name) => ({
    title: `changes are looked at: ${name}`, listener: 'grpc-strict', headers: answer(name, 'x-secret', '1'),
  })),
  { title: 'the route is looked for anew', listener: 'grpc-rerouting', headers: answer('reroute') },
  ...['bad-name', 'bad-value', 'bad-line', 'bad-line-name', 'bad-path'].map((name) => ({
    title: `no upstream sees what cannot be: ${name}`, listener: 'grpc', headers: answer(name),
  })),
  ...['grpc-rules', 'grpc-rules-strict', 'grpc-rules-all', 'grpc-rules-routing'].flatMap((listener) =>
    ['routing', 'mutate', 'bad-host', 'path', 'remove-host', 'append-path', 'bad-value', 'ok'].map((name) => ({
      title: `rules say what may be changed: ${name}`, listener, path: '/p?q', headers: answer(name, ...OLD),
    })),
  ),
  { title: 'an action that is none', listener: 'grpc', headers: answer('bad-action') },
  { title: 'the route stays', listener: 'grpc', headers: answer('reroute') },
  { title: 'a body is told', listener: 'grpc-body', method: 'POST', headers: answer('ok'), body: 'body' },
  { title: 'a body of the limit is told', listener: 'grpc-body', method: 'POST', headers: answer('ok'), body: '0123456789' },
  { title: 'a body in many pieces is too long', listener: 'grpc-body', method: 'POST', headers: answer('ok'), body: 'x'.repeat(400_000) },
  { title: 'a body in one piece is too long', listener: 'grpc-body', method: 'POST', headers: answer('ok'), body: '0123456789a' },
  { title: 'a body may be longer than a connection holds', listener: 'grpc-large', method: 'POST', headers: answer('ok'), body: 'x'.repeat(1_500_000) },
  { title: 'a body is not told on a route', listener: 'grpc-body', path: '/unbuffered', method: 'POST', headers: answer('ok'), body: 'body' },
  { title: 'no body is no body', listener: 'grpc-body', headers: answer('ok') },
  { title: 'a body is denied', listener: 'grpc-body', method: 'POST', headers: answer('deny'), body: 'body' },
  { title: 'a body is told in part', listener: 'grpc-partial', method: 'POST', headers: answer('ok'), body: 'a long body' },
  { title: 'a short body is told whole', listener: 'grpc-partial', method: 'POST', headers: answer('ok'), body: 'abc' },
  { title: 'headers are told raw', listener: 'grpc-raw', headers: ['x-a', '1', 'x-a', '2', 'x-b', '\u00e9'] },
  { title: 'headers are chosen', listener: 'grpc-chosen', headers: ['x-a', '1', 'x-away', '2', 'x-b', '3'], path: '/p?q' },
  { title: 'labels and metadata are told', listener: 'grpc-labels', path: '/asked', headers: answer('ok', 'x-envoy-downstream-service-cluster', 'me') },
  { title: 'names of certificates are told', listener: 'grpc-tls', path: '/p' },
  { title: 'shadow rules decide who is asked about', listener: 'grpc-shadow', path: '/asked', headers: answer('deny') },
  { title: 'shadow rules decide who is not', listener: 'grpc-shadow', path: '/free', headers: answer('deny') },
  { title: 'a filter that is off lets pass', listener: 'grpc-off', headers: answer('deny') },
  { title: 'a filter that is off denies where that is configured', listener: 'grpc-never', headers: answer('ok') },
  { title: 'nobody is there', listener: 'grpc-away' },
  { title: 'nobody is there, and all may pass', listener: 'grpc-away-open' },
  { title: 'an HTTP service allows', listener: 'http', path: '/a?b=c', headers: ['authorization', 'me', 'x-a', '1'] },
  { title: 'an HTTP service denies', listener: 'http', path: '/?answer=deny' },
  { title: 'an HTTP service sends to log in', listener: 'http', path: '/?answer=login' },
  { title: 'an HTTP service wants a password', listener: 'http', path: '/?answer=unauthorized' },
  { title: 'an HTTP service answers 201, which denies', listener: 'http', path: '/?answer=created' },
  { title: 'an HTTP service is broken', listener: 'http', path: '/?answer=broken' },
  { title: 'an HTTP service takes too long', listener: 'http-hasty', path: '/?answer=hang' },
  { title: 'an HTTP service gives headers that nobody wants', listener: 'http', path: '/?answer=ok-headers', headers: OLD },
  { title: 'an HTTP service gives headers', listener: 'http-chosen', headers: answer('ok-headers', 'x-a1', 'theirs', ...OLD), path: '/p?q=1' },
  { title: 'an HTTP service gives a client chosen headers', listener: 'http-chosen', headers: answer('deny') },
  { title: 'an HTTP service gives a place', listener: 'http-chosen', headers: answer('login') },
  { title: 'a broken HTTP service lets pass where that is configured', listener: 'http-chosen', headers: answer('broken') },
  { title: 'an HTTP service is asked at one place', listener: 'http-older', headers: ['x-a1', '1', 'x-a2', '2'], path: '/x?y' },
  { title: 'an HTTP service is asked again', listener: 'http-retry', path: '/?answer=broken' },
  { title: 'an HTTP service that answers is asked once', listener: 'http-retry', path: '/?answer=deny' },
  { title: 'an HTTP service gets a body', listener: 'http-body', method: 'POST', headers: ['content-type', 'text/x'], body: 'a body \u00e9' },
  { title: 'an HTTP service gets a part of a body', listener: 'http-body', method: 'PUT', body: 'a body that is too long for it' },
  { title: 'an HTTP service gets no body', listener: 'http-body' },
  { title: 'there is no HTTP service', listener: 'http-away' },
  { title: 'there is no HTTP service, and all may pass', listener: 'http-away-open' },
]; // prettier-ignore

export const TCP_CASES: readonly { readonly title: string; readonly listener: string }[] = [
  { title: 'a connection is allowed', listener: 'tcp-ok' },
  { title: 'a connection is denied', listener: 'tcp-deny' },
  { title: 'a service that fails denies a connection', listener: 'tcp-fail' },
  { title: 'a service that takes too long denies a connection', listener: 'tcp-hang' },
  { title: 'a service that fails allows a connection where that is configured', listener: 'tcp-open' },
  { title: 'shadow rules decide which connection is asked about', listener: 'tcp-shadowed' },
  { title: 'without shadow rules no connection is asked about', listener: 'tcp-unshadowed' },
];
