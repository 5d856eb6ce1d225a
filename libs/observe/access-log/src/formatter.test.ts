import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FORMAT } from './default-format.ts';
import { parseFormat } from './format-parser.ts';
import { createFormatter, type JsonNode } from './formatter.ts';
import type { LoggedStream } from './operator.ts';
import { OPERATORS } from './operators.ts';
import { fakeContext, finishedStream } from './testing.ts';

function print(format: string, stream = finishedStream(), omitEmptyValues = false): string {
  const { parts, faults } = parseFormat(format);
  assert.deepEqual(faults, []);
  return createFormatter({ kind: 'text', parts, omitEmptyValues }, fakeContext())(stream);
}

function unanswered(): LoggedStream {
  const stream = finishedStream();
  const { info } = stream;
  info.responseCode = 503;
  info.setFlag(1 << 5);
  info.responseCodeDetails = 'upstream_reset_before_response_started{remote connection failure}';
  info.upstreamTransportFailureReason = 'delayed connect error: Connection refused';
  info.upstreamLocalAddress = undefined;
  info.routeName = '';
  info.firstUpstreamTxMs = -1;
  info.lastUpstreamTxMs = -1;
  info.firstUpstreamRxMs = -1;
  return { ...stream, response: undefined };
}

// What Envoy 1.40 prints for such a request, operator by operator.
const ANSWERED: Record<string, string> = {
  '%START_TIME%': '2026-11-21T05:24:37.165Z',
  '%START_TIME(%s.%3f)%': '1795238677.165',
  '%EMIT_TIME(%Y)%': '2023',
  '%BYTES_RECEIVED%': '4',
  '%BYTES_SENT%': '5',
  '%PROTOCOL%': 'HTTP/1.1',
  '%RESPONSE_CODE%': '200',
  '%RESPONSE_CODE_DETAILS%': 'via_upstream',
  '%RESPONSE_FLAGS%': '-',
  '%RESPONSE_FLAGS_LONG%': '-',
  '%DURATION%': '6',
  '%REQUEST_DURATION%': '0',
  '%REQUEST_TX_DURATION%': '1',
  '%RESPONSE_DURATION%': '5',
  '%RESPONSE_TX_DURATION%': '0',
  '%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%': '6200',
  '%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:ms)%': '1',
  '%UPSTREAM_HOST%': '127.0.0.1:28281',
  '%UPSTREAM_HOST_NAME%': 'hh',
  '%UPSTREAM_REMOTE_ADDRESS%': '127.0.0.1:28281',
  '%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%': '127.0.0.1',
  '%UPSTREAM_REMOTE_PORT%': '28281',
  '%UPSTREAM_LOCAL_ADDRESS%': '127.0.0.1:45328',
  '%UPSTREAM_CLUSTER%': 'up',
  '%UPSTREAM_TRANSPORT_FAILURE_REASON%': '-',
  '%UPSTREAM_REQUEST_ATTEMPT_COUNT%': '1',
  '%DOWNSTREAM_REMOTE_ADDRESS%': '[2001:db8::1]:0',
  '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%': '2001:db8::1',
  '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%': '10.0.0.1:45380',
  '%DOWNSTREAM_LOCAL_ADDRESS%': '127.0.0.1:28200',
  '%DOWNSTREAM_LOCAL_PORT%': '28200',
  '%CONNECTION_ID%': '7',
  '%STREAM_ID%': '017ef860-c482-4846-8a2d-001dbac8016d',
  '%UNIQUE_ID%': 'abababab-abab-4bab-abab-abababababab',
  '%ROUTE_NAME%': 'rt',
  '%VIRTUAL_CLUSTER_NAME%': '-',
  '%REQUESTED_SERVER_NAME%': '-',
  '%HOSTNAME%': 'vm',
  '%TRACE_ID%': '-',
  '%ACCESS_LOG_TYPE%': 'DownstreamEnd',
  '%REQ(X-A)%': 'abcdef',
  '%REQ(X-NO?x-b)%': 'bbb',
  '%REQ(X-A?x-b)%': 'abcdef',
  '%REQ(X-NO?X-NONE)%': '-',
  '%REQ(X-A):2%': 'ab',
  '%REQ(:PATH)%': '/x?y=1',
  '%REQ(:METHOD)%': 'POST',
  '%REQ(:AUTHORITY)%': 'shop.example',
  '%REQUEST_HEADER(X-A)%': 'abcdef',
  '%RESP(X-UPSTREAM)%': 'u',
  '%RESP(:STATUS)%': '200',
  '%TRAILER(x)%': '-',
  '%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%': '/x',
  '%PATH(NQ)%': '/x',
  '%PATH(NQ:ORIG)%': '-',
  '%PATH(WQ:PATH)%': '/x?y=1',
  '%QUERY_PARAM(y)%': '1',
  '%QUERY_PARAM(z)%': '-',
  '%ENVIRONMENT(HOME)%': '/root',
  '%ENVIRONMENT(HOME):3%': '/ro',
  '%ENVIRONMENT(NOPE)%': '-',
  '%%': '%',
  '%BYTES_SENT%%BYTES_RECEIVED%': '54',
};

test('each operator prints what Envoy prints', () => {
  for (const [format, text] of Object.entries(ANSWERED)) assert.equal(print(format), text, format);
});

test('what did not happen is a dash, or nothing', () => {
  const cases: Record<string, string> = {
    '%RESPONSE_FLAGS%': 'UF',
    '%RESPONSE_FLAGS_LONG%': 'UpstreamConnectionFailure',
    '%RESPONSE_CODE_DETAILS%': 'upstream_reset_before_response_started{remote_connection_failure}',
    '%RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%': 'upstream_reset_before_response_started{remote connection failure}',
    '%UPSTREAM_TRANSPORT_FAILURE_REASON%': 'delayed_connect_error:_Connection_refused',
    '%UPSTREAM_HOST%': '127.0.0.1:28281',
    '%UPSTREAM_REMOTE_ADDRESS%': '-',
    '%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%': '-',
    '%ROUTE_NAME%': '-',
    '%RESP(X-UPSTREAM)%': '-',
    '%REQUEST_TX_DURATION%': '-',
    '%RESPONSE_DURATION%': '-',
    '%RESPONSE_TX_DURATION%': '-',
    '%COMMON_DURATION(DS_RX_BEG:US_TX_BEG:ms)%': '-',
  };
  for (const [format, text] of Object.entries(cases)) assert.equal(print(format, unanswered()), text, format);
  assert.equal(print('[%ROUTE_NAME%] %RESPONSE_CODE%', unanswered(), true), '[] 503');
});

const ARGUMENTS: Readonly<Record<string, string>> = {
  COMMON_DURATION: 'DS_RX_BEG:DS_TX_END:ms',
  PATH: 'NQ',
  START_TIME: '%s',
  METADATA: 'CLUSTER:x',
  COALESCE: '{"operators":["PROTOCOL"]}',
};

test('no operator breaks on a stream of which nothing is known', () => {
  const stream = unanswered();
  stream.info.upstreamHost = undefined;
  stream.info.requestId = '';
  for (const [name, operator] of Object.entries(OPERATORS)) {
    const argument = ARGUMENTS[name] ?? 'x';
    print(
      operator.argument === 'none'
        ? `%${name}%`
        : `%${name}(${operator.check?.(argument) === undefined ? argument : ''})%`,
      stream,
    );
  }
});

test('the default format is the line of Envoy', () => {
  assert.equal(
    createFormatter(DEFAULT_FORMAT, fakeContext())(finishedStream()),
    '[2026-11-21T05:24:37.165Z] "POST /x?y=1 HTTP/1.1" 200 - 4 5 6 - "-" "curl/7" "-" "shop.example" "127.0.0.1:28281"\n',
  );
});

const format = (text: string): JsonNode => ({ kind: 'format', parts: parseFormat(text).parts });
const TREE: JsonNode = {
  kind: 'object',
  fields: [
    ['z', format('%RESPONSE_CODE%')],
    ['a', format('%REQ(X-NO)%')],
    ['mix', format('a%PROTOCOL%-%BYTES_SENT%')],
    ['lit', { kind: 'literal', value: 5 }],
    ['nul', { kind: 'literal', value: null }],
    [
      'n',
      {
        kind: 'object',
        fields: [['l', { kind: 'list', items: [format('%BYTES_SENT%'), format('x%%y'), format('%REQ(x-no)%')] }]],
      },
    ],
    ['u', format('%REQ(x-no)%-')],
  ],
};

test('JSON keeps types, sorts fields, and has null for what is not there', () => {
  const line = createFormatter({ kind: 'json', root: TREE, omitEmptyValues: false }, fakeContext())(finishedStream());
  assert.equal(line, '{"a":null,"lit":5,"mix":"aHTTP/1.1-5","n":{"l":[5,"x%y",null]},"nul":null,"u":"--","z":200}\n');
});

test('JSON leaves out what is not there, where the configuration says so', () => {
  const line = createFormatter({ kind: 'json', root: TREE, omitEmptyValues: true }, fakeContext())(finishedStream());
  assert.equal(line, '{"lit":5,"mix":"aHTTP/1.1-5","n":{"l":[5,"x%y"]},"u":"-","z":200}\n');
});

test('quotes, control characters and bytes beyond ASCII survive', () => {
  const stream = finishedStream();
  // Header values are bytes: é in UTF-8 is two of them.
  stream.request.set('x-a', Buffer.from('q"uo\\te\ttab é', 'utf8').toString('latin1'));
  const line = createFormatter(
    { kind: 'json', root: format('ü %REQ(x-a)%'), omitEmptyValues: false },
    fakeContext(),
  )(stream);
  assert.equal(Buffer.from(line, 'latin1').toString('utf8'), '"ü q\\"uo\\\\te\\ttab é"\n');
});

test('faulty formats are refused with a hint', () => {
  const cases: [format: string, message: string, suggestion?: string][] = [
    ['%RESPONSE_COD%', 'unknown operator "RESPONSE_COD"', 'RESPONSE_CODE'],
    ['%CONSTRUCTOR%', 'unknown operator "CONSTRUCTOR"'],
    ['%REQ%', 'REQ needs an argument'],
    ['%REQ()%', 'REQ needs an argument'],
    ['%REQ(a?b?c)%', 'REQ names more than one alternative header: a?b?c'],
    ['%PROTOCOL(x)%', 'PROTOCOL takes no argument'],
    ['%PROTOCOL:5%', 'PROTOCOL takes no length'],
    ['%REQ(a):x%', 'has no valid operator at character 1 ("%REQ(a):x%")'],
    ['100% done', 'has no valid operator at character 4 ("% done")'],
    ['%RESPONSE_CODE', 'has no valid operator at character 1 ("%RESPONSE_CODE")'],
    ['%PATH(X)%', 'PATH wants WQ or NQ, and ORIG, PATH or ORIG_OR_PATH, such as NQ:ORIG'],
  ];
  for (const [text, message, suggestion] of cases) {
    const [fault] = parseFormat(text).faults;
    assert.equal(fault?.message, message);
    assert.equal(fault?.suggestion, suggestion, text);
  }
  assert.match(parseFormat('%COMMON_DURATION(x)%').faults[0]?.message ?? '', /^COMMON_DURATION wants two moments/);
  assert.equal(parseFormat('%A% %B%').faults.length, 2);
});

test('What filters left is told: metadata of connections without HTTP, filter state as text', () => {
  const stream = finishedStream();
  Object.assign(stream.info.downstream, {
    metadata: new Map([['ns', { k: 'hello', deep: { n: 1, no: false } }]]),
    filterState: { text: (name: string) => (name === 'envoy.tcp_proxy.cluster' ? 'shop' : undefined) },
  });
  const state = '%FILTER_STATE(envoy.tcp_proxy.cluster:PLAIN)% %FILTER_STATE(envoy.tcp_proxy.cluster:PLAIN):2%';
  assert.equal(
    print(`${state} %FILTER_STATE(envoy.tcp_proxy.cluster)% %FILTER_STATE(a:PLAIN)%`, stream),
    'shop sh - -',
  );
  const metadata = ['ns:k', 'ns:deep', 'ns:deep:n', 'ns:deep:no', 'ns:k:x', 'ns:none', 'other'];
  const format = metadata.map((argument) => `%DYNAMIC_METADATA(${argument})%`).join(' ');
  assert.equal(print(format, stream), '- - - - - - -');
  stream.info.protocol = '';
  assert.equal(print(format, stream), 'hello {"n":1,"no":false} 1 false - - -');
  assert.equal(print('%DYNAMIC_METADATA(ns:k):3%', stream), 'hel');
  assert.match(
    parseFormat('%FILTER_STATE(a:B)%')
      .faults.map(({ message }) => message)
      .join(),
    /PLAIN, TYPED or FIELD/,
  );
});
