// Which streams each filter of access logs lets pass, and how JSON formats write their lines: in Weft, and in a real Envoy that
// runs the same bootstrap.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  besideEnvoy,
  cluster,
  connectionManager,
  freePort,
  listener,
  RawClient,
  ScriptedUpstream,
  type RunningProxy,
} from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;

const comparison = (op: string, value: number): Json => ({
  comparison: { op, value: { default_value: value, runtime_key: 'none' } },
});
const shadow = (value: Json, more: Json = {}): Json => ({
  metadata_filter: {
    matcher: { filter: 'envoy.filters.http.rbac', path: [{ key: 'shadow_engine_result' }], value },
    ...more,
  },
});
const GOOD = { status_code_filter: comparison('EQ', 200) };
const FLAGGED = { response_flag_filter: {} };

/** Each in a log of its own. */
const FILTERS: Readonly<Record<string, Json>> = {
  'a status': GOOD,
  'any other status': { status_code_filter: comparison('NE', 200) },
  'a status from 500 on': { status_code_filter: comparison('GE', 500) },
  'a status up to 410': { status_code_filter: comparison('LE', 410) },
  'however short': { duration_filter: comparison('GE', 0) },
  'a minute or more': { duration_filter: comparison('GE', 60_000) },
  'no health checks': { not_health_check_filter: {} },
  'all of a runtime share': { runtime_filter: { runtime_key: 'none', percent_sampled: { numerator: 100 } } },
  'nothing of a runtime share': { runtime_filter: { runtime_key: 'none', percent_sampled: { numerator: 0 } } },
  'both of two': { and_filter: { filters: [GOOD, { not_health_check_filter: {} }] } },
  'one of two': { or_filter: { filters: [GOOD, FLAGGED] } },
  'a header': { header_filter: { header: { name: 'x-mark', string_match: { prefix: 'a' } } } },
  'no header': { header_filter: { header: { name: 'x-mark', present_match: true, invert_match: true } } },
  'any flag': FLAGGED,
  'one flag': { response_flag_filter: { flags: ['UF'] } },
  'a gRPC status': { grpc_status_filter: { statuses: ['PERMISSION_DENIED'] } },
  'gRPC statuses of HTTP': { grpc_status_filter: { statuses: ['UNAVAILABLE', 'UNIMPLEMENTED'] } },
  'no known gRPC status': { grpc_status_filter: { statuses: ['UNKNOWN'] } },
  'other gRPC statuses': { grpc_status_filter: { statuses: ['OK', 'UNKNOWN'], exclude: true } },
  'the end of a request': { log_type_filter: { types: ['DownstreamEnd'] } },
  'the end of a connection': { log_type_filter: { types: ['TcpConnectionEnd'] } },
  'every other moment': { log_type_filter: { types: ['DownstreamEnd'], exclude: true } },
  'metadata that says so': shadow({ string_match: { exact: 'denied' } }),
  'metadata that is there and says so': shadow(
    { string_match: { exact: 'denied' } },
    { match_if_key_not_found: false },
  ),
  'metadata that says otherwise': shadow({ string_match: { exact: 'else' } }),
  'metadata that is there': shadow({ present_match: true }, { match_if_key_not_found: false }),
  'metadata that is there, read otherwise': shadow({ present_match: false }),
  'metadata of nobody': {
    metadata_filter: { matcher: { filter: 'nobody', path: [{ key: 'x' }], value: { null_match: {} } } },
  },
};

const FORMATS: Readonly<Record<string, Json>> = {
  'nested, with values of each kind': {
    json_format: {
      zebra: '%RESPONSE_CODE%',
      apple: {
        inner: ['%PROTOCOL%', 1.5, true, null, { deep: '%REQ(x-none)%' }],
        text: 'is %RESPONSE_CODE%, %REQ(x-none)%',
      },
      empty: '',
      percent: '100%%',
      quote: '"%REQ(x-mark)%" \\ é',
    },
  },
  'without what is empty': {
    json_format: {
      a: '%REQ(x-none)%',
      b: { c: '%REQ(x-none)%' },
      d: ['%REQ(x-none)%', 1],
      e: 'x%REQ(x-none)%',
      f: null,
      g: ['%REQ(x-none)%'],
      h: {},
      i: [],
      j: [{ k: '%REQ(x-none)%' }],
      l: '%REQ(x-none)%%REQ(x-none)%',
      m: '',
    },
    omit_empty_values: true,
  },
  sorted: { json_format: { b: '%PROTOCOL%', a: { d: 1, c: 2 } }, json_format_options: { sort_properties: true } },
  'nothing at all': { json_format: { a: '%REQ(x-none)%' }, omit_empty_values: true },
  'text without what is empty': {
    text_format_source: { inline_string: '[%REQ(x-none)%] %REQ(x-mark)%\n' },
    omit_empty_values: true,
  },
};

function log(path: string, log_format: Json, filter?: Json): Json {
  return {
    name: 'envoy.access_loggers.file',
    ...(filter === undefined ? {} : { filter }),
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path,
      log_format,
    },
  };
}

const scratch = mkdtempSync(join(tmpdir(), 'weft-filters-'));
after(() => rmSync(scratch, { recursive: true }));
const fileOf = (who: string, name: string): string => join(scratch, `${who} ${name}`);

const SHADOW_RBAC = {
  name: 'envoy.filters.http.rbac',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
    shadow_rules: {
      action: 'DENY',
      policies: {
        marked: {
          permissions: [{ header: { name: 'x-mark', present_match: true } }],
          principals: [{ any: true }],
        },
      },
    },
  },
};
const ROUTER = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
};

function bootstrap(who: string, ports: { upstream: number; refused: number; echo: number }): object {
  const format = { text_format_source: { inline_string: '%REQ(:PATH)% %ACCESS_LOG_TYPE%\n' } };
  const filtered = Object.entries(FILTERS).map(([name, filter]) => log(fileOf(who, name), format, filter));
  const formatted = Object.entries(FORMATS).map(([name, each]) => log(fileOf(who, name), each));
  const routes = [
    { match: { prefix: '/direct' }, direct_response: { status: 410 } },
    { match: { prefix: '/refused' }, route: { cluster: 'refused' } },
    { match: { prefix: '/up' }, route: { cluster: 'up' } },
  ];
  const manager = connectionManager('front', {
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes }] },
    http_filters: [SHADOW_RBAC, ROUTER],
    access_log: [...filtered, ...formatted],
  });
  const bytes = {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      stat_prefix: 'bytes',
      cluster: 'echo',
      access_log: filtered,
    },
  };
  return {
    static_resources: {
      listeners: [listener('http', manager), listener('bytes', bytes)],
      clusters: [cluster('up', [ports.upstream]), cluster('refused', [ports.refused]), cluster('echo', [ports.echo])],
    },
  };
}

const REQUESTS = [
  'GET /up/plain HTTP/1.1',
  'GET /up/marked HTTP/1.1\r\nx-mark: a\\b',
  'GET /direct HTTP/1.1',
  'GET /refused HTTP/1.1\r\nx-mark: b',
  'POST /up/denied HTTP/1.1\r\ncontent-type: application/grpc\r\ncontent-length: 0',
  'POST /nowhere HTTP/1.1\r\ncontent-type: application/grpc\r\ncontent-length: 0',
];

async function play(proxy: RunningProxy): Promise<void> {
  for (const request of REQUESTS) {
    const client = new RawClient(proxy.port('http'));
    client.send(`${request}\r\nhost: h.test\r\nconnection: close\r\n\r\n`);
    await client.end();
    client.close();
  }
  const socket = connect(proxy.port('bytes'), '127.0.0.1');
  socket.end('bytes');
  socket.resume();
  await once(socket, 'close');
}

async function logsOf(
  start: (config: object) => Promise<RunningProxy>,
  who: string,
): Promise<ReadonlyMap<string, string>> {
  const upstream = await ScriptedUpstream.start(({ path }, socket) => {
    const more = path === '/up/denied' ? 'content-type: application/grpc\r\ngrpc-status: 7\r\n' : '';
    socket.write(`HTTP/1.1 200 OK\r\n${more}content-length: 0\r\n\r\n`);
  });
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const ports = { upstream: upstream.port, refused: await freePort(), echo: (echo.address() as AddressInfo).port };
  const proxy = await start(bootstrap(who, ports));
  await play(proxy);
  await proxy.stop();
  echo.close();
  await upstream.stop();
  const names = [...Object.keys(FILTERS), ...Object.keys(FORMATS)];
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(fileOf(who, name), 'latin1')] as const)),
  );
}

const { ours, theirs } = await besideEnvoy(logsOf);
describe('Weft logs which streams Envoy logs:', () => {
  for (const name of Object.keys(FILTERS)) test(name, () => assert.equal(ours.get(name), theirs.get(name)));
});
describe('Weft writes lines as Envoy does:', () => {
  for (const name of Object.keys(FORMATS)) test(name, () => assert.equal(ours.get(name), theirs.get(name)));
});
