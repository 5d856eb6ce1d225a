// What the authorization services of the ext_authz suite answer, by name.
import type { GrpcAnswers, HttpAnswers, Json } from './ext-authz-world.ts';

const header = (key: string, value: string, how: Json = {}): Json => ({ header: { key, value }, ...how });

const OK_STATUS = { code: 0 };
const DENIED = { code: 7 };

export const GRPC_ANSWERS: GrpcAnswers = {
  ok: { status: OK_STATUS },
  deny: { status: DENIED },
  teapot: {
    status: DENIED,
    denied_response: {
      status: { code: 418 },
      headers: [
        header('x-why', 'tea', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        header('Set-Cookie', 'a=1'),
        header('Set-Cookie', 'b=2'),
        header('content-type', 'text/html'),
        header('x-no', 'no', { append_action: 'OVERWRITE_IF_EXISTS' }),
      ],
      body: '<p>no</p>',
    },
  },
  'deny-twice': {
    status: DENIED,
    denied_response: {
      headers: [
        header('x-two', '1', { append: true }),
        header('x-two', '2', { append: true }),
        header('x-one', '1', { append: false }),
        header('x-one', '2', { append: false }),
        header('x-set', '1', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        header('x-set', '2', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        header('x-absent', '1', { append_action: 'ADD_IF_ABSENT' }),
        header('x-absent', '2', { append_action: 'ADD_IF_ABSENT' }),
      ],
      body: 'x',
    },
  },
  mutate: {
    status: OK_STATUS,
    ok_response: {
      headers: [
        header('x-new', 'new'),
        header('x-old', 'changed'),
        header('x-old-appended', 'more', { append: true }),
        header('x-absent-appended', 'more', { append: true }),
        header('x-old-set', 'set', { append: false }),
        header('x-act-append', 'more', { append_action: 'APPEND_IF_EXISTS_OR_ADD' }),
        header('x-act-absent', 'more', { append_action: 'ADD_IF_ABSENT' }),
        header('x-act-absent-new', 'more', { append_action: 'ADD_IF_ABSENT' }),
        header('x-act-exists', 'more', { append_action: 'OVERWRITE_IF_EXISTS' }),
        header('x-act-exists-new', 'more', { append_action: 'OVERWRITE_IF_EXISTS' }),
        header('x-act-set', 'more', { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }),
        header('x-two', '1'),
        header('x-two', '2'),
        header('user-agent', 'again', { append_action: 'APPEND_IF_EXISTS_OR_ADD' }),
        header('X-Upper', 'U'),
        header('x-empty', ''),
      ],
      headers_to_remove: ['x-secret', ':path', 'host', 'X-Answer'],
      response_headers_to_add: [
        header('x-both', 'authz'),
        header('x-up', 'authz', { append: false }),
        header('x-res-append', '1', { append: true }),
        header('x-res-append', '2', { append: true }),
        header('x-res-absent', '1', { append_action: 'ADD_IF_ABSENT' }),
        header('x-res-exists', '1', { append_action: 'OVERWRITE_IF_EXISTS' }),
      ],
      query_parameters_to_set: [
        { key: 'set', value: 'by-authz' },
        { key: 'b', value: 'changed' },
      ],
      query_parameters_to_remove: ['drop'],
    },
    dynamic_metadata: { user: 'alice', level: 3 },
  },
  reroute: {
    status: OK_STATUS,
    ok_response: { headers: [header('x-route', 'other', { append: false })], headers_to_remove: ['x-answer'] },
  },
  path: { status: OK_STATUS, ok_response: { headers: [header(':path', '/rewritten', { append: false })] } },
  'bad-action': {
    status: OK_STATUS,
    ok_response: { response_headers_to_add: [header('x-res', '1', { append_action: 9 })] },
  },
  'bad-request-action': { status: OK_STATUS, ok_response: { headers: [header('x-req', '1', { append_action: 9 })] } },
  routing: {
    status: OK_STATUS,
    ok_response: {
      headers: ['host', ':method', ':scheme', 'x-envoy-mine', 'x-old', 'x-new'].map((key) =>
        header(key, key === ':method' ? 'PUT' : key === ':scheme' ? 'https' : 'other', { append: false }),
      ),
      headers_to_remove: ['x-secret', 'x-envoy-none'],
    },
  },
  'bad-host': { status: OK_STATUS, ok_response: { headers: [header('host', 'a b', { append: false })] } },
  'remove-host': { status: OK_STATUS, ok_response: { headers_to_remove: ['host', ':path'] } },
  'append-path': { status: OK_STATUS, ok_response: { headers: [header(':path', '/x', { append: true })] } },
  'bad-name': { status: OK_STATUS, ok_response: { headers: [header('bad name', 'x', { append: false })] } },
  'bad-value': { status: OK_STATUS, ok_response: { headers: [header('x-bad', 'a\u0001b', { append: false })] } },
  'bad-query': { status: OK_STATUS, ok_response: { query_parameters_to_set: [{ key: 'a', value: 'b c' }] } },
  'bad-line': { status: OK_STATUS, ok_response: { headers: [header('x-bad', 'a\r\nx-evil: 1', { append: false })] } },
  'bad-line-name': { status: OK_STATUS, ok_response: { headers: [header('a: b\r\nx-evil', '1', { append: false })] } },
  'bad-path': { status: OK_STATUS, ok_response: { query_parameters_to_set: [{ key: 'a', value: 'b\r\nx-evil: 1' }] } },
  'bad-denied': { status: DENIED, denied_response: { headers: [header('bad name', 'x')], body: 'no' } },
  'bad-removal': { status: OK_STATUS, ok_response: { headers_to_remove: ['bad name', 'x-secret'] } },
  error: {
    status: { code: 13 },
    error_response: { status: { code: 503 }, headers: [header('retry-after', '3')], body: 'later' },
  },
  'error-plain': { status: { code: 13 }, error_response: {} },
  'no-status': {},
  fail: 'fail',
  hang: 'hang',
};

export const HTTP_ANSWERS: HttpAnswers = {
  ok: { status: 200, headers: [], body: '' },
  'ok-headers': {
    status: 200,
    headers: [
      'x-user', 'alice', 'x-add', 'a', 'x-add', 'b', 'x-to-client', 'hi', 'x-both', 'authz', 'x-meta', 'm',
      'x-other', 'no', 'x-envoy-auth-headers-to-remove', 'x-secret, x-old,, :path',
    ],
    body: 'ignored',
  },
  deny: { status: 403, headers: ['x-user', 'bob', 'x-why', 'no', 'set-cookie', 'a=1', 'set-cookie', 'b=2'], body: 'go away' },
  login: { status: 302, headers: ['location', 'https://login.test/', 'x-why', 'login'], body: '' },
  unauthorized: { status: 401, headers: ['www-authenticate', 'Basic realm="x"', 'content-type', 'application/json'], body: '{}' },
  created: { status: 201, headers: [], body: 'made' },
  broken: { status: 500, headers: ['x-why', 'broken'], body: 'oops' },
  hang: 'hang',
}; // prettier-ignore
