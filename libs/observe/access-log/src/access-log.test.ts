import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { DecodeContext, registry, sourceNamed } from '@weft/api-envoy';
import type { AccessLog as AccessLogMessage } from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import { WireBytes, type UpstreamConnectionFacts } from '@weft/core-http';
import { AccessLog, type AccessLogConfig } from './access-log.ts';
import { decodeAccessLogs } from './access-log.decode.ts';
import type { LoggedStream } from './operator.ts';
import { fakeContext, finishedStream } from './testing.ts';

const TYPES = 'type.googleapis.com/envoy.extensions.access_loggers';

function decode(...logs: JsonValue[]): { configs: AccessLogConfig[]; faults: string[] } {
  const schema = registry().getMessage('envoy.config.accesslog.v3.AccessLog');
  assert.ok(schema);
  const messages = logs.map((log) => fromJson(schema, log, { registry: registry() }) as AccessLogMessage);
  const cx = new DecodeContext(sourceNamed('test')).at('access_log');
  const configs = decodeAccessLogs(messages, cx);
  const faults = cx.faults.map(
    ({ path, message, suggestion }) => `${path}: ${message}${suggestion === undefined ? '' : ` ~ ${suggestion}`}`,
  );
  return { configs, faults };
}

function file(fields: Record<string, JsonValue>, filter?: JsonValue): JsonValue {
  const typed_config = { '@type': `${TYPES}.file.v3.FileAccessLog`, path: '/log', ...fields };
  return { name: 'envoy.access_loggers.file', typed_config, ...(filter === undefined ? {} : { filter }) };
}

function decodeOne(log: JsonValue): AccessLogConfig {
  const { configs, faults } = decode(log);
  assert.deepEqual(faults, []);
  assert.equal(configs.length, 1);
  return configs[0] as AccessLogConfig;
}

function linesOf(log: JsonValue, stream = finishedStream(), runtime: Record<string, number> = {}): string[] {
  const config = decodeOne(log);
  const context = fakeContext(runtime);
  new AccessLog(config, context).log(stream.info, stream.request, stream.response, stream.trailers);
  return context.sinks.get('path' in config ? config.path : '')?.lines ?? [];
}

test('a format may be given in each of its places', () => {
  assert.deepEqual(linesOf(file({ log_format: { text_format_source: { inline_string: '%RESPONSE_CODE%\n' } } })), [
    '200\n',
  ]);
  assert.deepEqual(linesOf(file({ log_format: { text_format: '%RESPONSE_CODE%\n' } })), ['200\n']);
  assert.deepEqual(linesOf(file({ format: '%RESPONSE_CODE%\n' })), ['200\n']);
  assert.deepEqual(linesOf(file({ log_format: { json_format: { b: '%RESPONSE_CODE%', a: [1, null, true] } } })), [
    '{"a":[1,null,true],"b":200}\n',
  ]);
  assert.deepEqual(linesOf(file({ typed_json_format: { b: '%RESPONSE_CODE%' } })), ['{"b":200}\n']);
  assert.deepEqual(linesOf(file({ log_format: { json_format: { b: '%REQ(x-no)%' }, omit_empty_values: true } })), [
    '{}\n',
  ]);
  assert.match(linesOf(file({}))[0] ?? '', /^\[2026-11-21T05:24:37\.165Z\] "POST /);
  assert.match(linesOf(file({ format: '' }))[0] ?? '', /^\[2026/);
});

test('bytes on the wire are counted for logs that tell of them, and for no others', () => {
  const counts = (log_format: JsonValue): boolean =>
    new AccessLog(decodeOne(file({ log_format })), fakeContext()).countsBytes;
  assert.equal(counts({ text_format: '%BYTES_SENT% %REQUEST_HEADERS_BYTES%' }), false);
  assert.equal(counts({ text_format: 'x %UPSTREAM_WIRE_BYTES_SENT%' }), true);
  assert.equal(counts({ json_format: { a: { b: ['%RESPONSE_CODE%', 1] } } }), false);
  assert.equal(counts({ json_format: { a: { b: [1, '%DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED%'] } } }), true);
  assert.equal(counts({ text_format: '%COALESCE({"operators":["DOWNSTREAM_HEADER_BYTES_SENT"]})%' }), true);
});

test('bytes on the wire are those that were counted; of plain connections those that passed', () => {
  const format =
    '%DOWNSTREAM_WIRE_BYTES_SENT% %DOWNSTREAM_WIRE_BYTES_RECEIVED% ' +
    '%UPSTREAM_WIRE_BYTES_SENT% %UPSTREAM_WIRE_BYTES_RECEIVED% %UPSTREAM_HEADER_BYTES_RECEIVED%';
  const lines = (change: (info: LoggedStream['info']) => void): string[] => {
    const stream = finishedStream();
    change(stream.info);
    return linesOf(file({ log_format: { text_format: format } }), stream);
  };
  const counted = Object.assign(new WireBytes(), { sent: 1, received: 2, headerReceived: 3 });
  assert.deepEqual(
    lines((info) => (info.upstreamBytes = counted)),
    ['0 0 1 2 3'],
  );
  assert.deepEqual(
    lines((info) => (info.protocol = '')),
    ['5 4 0 0 0'],
  );
  const connection = { id: 1 } as UpstreamConnectionFacts;
  assert.deepEqual(
    lines((info) => Object.assign(info, { protocol: '', upstreamConnection: connection })),
    ['5 4 4 5 0'],
  );
});

test('standard streams are sinks too', () => {
  const stream = (name: string): JsonValue => ({ name, typed_config: { '@type': `${TYPES}.stream.v3.${name}` } });
  assert.partialDeepStrictEqual(decodeOne(stream('StdoutAccessLog')), { path: '/dev/stdout' });
  assert.partialDeepStrictEqual(decodeOne(stream('StderrAccessLog')), { path: '/dev/stderr' });
});

test('every fault is reported with its path, and the logs that are right remain', () => {
  const { configs, faults } = decode(
    file({ log_format: { text_format_source: { inline_string: '%RESPONSE_COD%' } } }),
    file({ log_format: { json_format: { a: { b: ['%REQ%'] } } } }, { response_flag_filter: { flags: ['UH', 'URXX'] } }),
    { name: 'x', typed_config: { '@type': `${TYPES}.open_telemetry.v3.OpenTelemetryAccessLogConfig` } },
    file({}, { and_filter: { filters: [{ traceable_filter: {} }, { extension_filter: { name: 'x' } }] } }),
    file({}),
  );
  assert.deepEqual(faults, [
    'access_log[0].typed_config.log_format.text_format_source: unknown operator "RESPONSE_COD" ~ RESPONSE_CODE',
    'access_log[1].typed_config.log_format.json_format.a.b[0]: REQ needs an argument',
    'access_log[1].filter.response_flag_filter.flags[1]: unknown response flag "URXX" ~ URX',
    'access_log[3].filter.and_filter.filters[1]: extensionFilter is known to Envoy and not implemented by Weft yet',
  ]);
  assert.equal(configs.length, 1);
});

function mustLog(filter: JsonValue, logged: boolean, change: (stream: LoggedStream) => void = () => undefined): void {
  const stream = finishedStream();
  change(stream);
  assert.equal(linesOf(file({ format: 'x' }, filter), stream).length, logged ? 1 : 0, JSON.stringify(filter));
}

const compare = (op: string, value: number): JsonValue => ({
  comparison: { op, value: { default_value: value, runtime_key: 'k' } },
});

test('filters compare status and duration', () => {
  for (const [op, value, logged] of [
    ['EQ', 200, true],
    ['GE', 201, false],
    ['LE', 200, true],
    ['GE', 200, true],
    ['NE', 200, false],
  ] as const) {
    mustLog({ status_code_filter: compare(op, value) }, logged);
  }
  mustLog({ duration_filter: compare('GE', 6) }, true);
  mustLog({ duration_filter: compare('GE', 7) }, false);
  assert.equal(
    linesOf(file({ format: 'x' }, { status_code_filter: compare('EQ', 200) }), finishedStream(), { k: 404 }).length,
    0,
  );
});

test('filters look at headers, flags, the trace decision and each other', () => {
  mustLog({ header_filter: { header: { name: 'x-a', string_match: { prefix: 'abc' } } } }, true);
  mustLog({ header_filter: { header: { name: 'x-a', string_match: { exact: 'abc' } } } }, false);
  mustLog({ response_flag_filter: {} }, false);
  mustLog({ response_flag_filter: {} }, true, ({ info }) => info.setFlag(1 << 5));
  mustLog({ response_flag_filter: { flags: ['UF', 'UH'] } }, true, ({ info }) => info.setFlag(1 << 5));
  mustLog({ response_flag_filter: { flags: ['UH'] } }, false, ({ info }) => info.setFlag(1 << 5));
  mustLog({ not_health_check_filter: {} }, true);
  mustLog({ traceable_filter: {} }, false);
  mustLog({ traceable_filter: {} }, true, ({ info }) => {
    info.requestId = info.requestId.replace('-4846-', '-9846-');
  });
  const [yes, no] = [{ not_health_check_filter: {} }, { traceable_filter: {} }];
  mustLog({ and_filter: { filters: [yes, no] } }, false);
  mustLog({ and_filter: { filters: [yes, yes] } }, true);
  mustLog({ or_filter: { filters: [no, yes] } }, true);
  mustLog({ or_filter: { filters: [no, no] } }, false);
});

test('a runtime filter draws from the request id, or afresh', () => {
  // 0x017ef860 is 25 098 336: 36 of 100.
  const filter = (numerator: number, more = {}): JsonValue => ({
    runtime_filter: { runtime_key: 'share', percent_sampled: { numerator, denominator: 'HUNDRED' }, ...more },
  });
  mustLog(filter(36), false);
  mustLog(filter(37), true);
  // The fake draws 0xab = 171: 71 of 100.
  mustLog(filter(71, { use_independent_randomness: true }), false);
  mustLog(filter(72, { use_independent_randomness: true }), true);
  assert.equal(linesOf(file({ format: 'x' }, filter(0)), finishedStream(), { share: 100 }).length, 1);
});

test('a gRPC status is what trailers or the head say, or what the status of HTTP amounts to', () => {
  const filter = (statuses: string[], exclude = false): JsonValue => ({ grpc_status_filter: { statuses, exclude } });
  // 200 without a word is not known.
  mustLog(filter(['UNKNOWN']), true);
  mustLog(filter(['OK']), false);
  mustLog(filter(['OK'], true), true);
  mustLog(filter(['UNAVAILABLE']), true, ({ info }) => (info.responseCode = 503));
  mustLog(filter(['PERMISSION_DENIED']), true, ({ response }) => response?.set('grpc-status', '7'));
  mustLog(filter(['UNKNOWN'], true), false, ({ info }) => (info.responseCode = 0));
});

test('a line may be for some moments only', () => {
  mustLog({ log_type_filter: { types: ['DownstreamEnd'] } }, true);
  mustLog({ log_type_filter: { types: ['TcpPeriodic'] } }, false);
  mustLog({ log_type_filter: { types: ['TcpPeriodic'], exclude: true } }, true);
});

test('dynamic metadata is compared where it is, and its absence is configured', () => {
  const filter = (match: JsonValue, more = {}): JsonValue => ({
    metadata_filter: { matcher: { filter: 'ns', path: [{ key: 'a' }, { key: 'b' }], value: match }, ...more },
  });
  const set =
    (value: unknown) =>
    ({ info }: LoggedStream): void =>
      info.setDynamicMetadata('ns', { a: { b: value } });
  mustLog(filter({ string_match: { exact: 'x' } }), true, set('x'));
  mustLog(filter({ string_match: { exact: 'x' } }), false, set('y'));
  mustLog(filter({ double_match: { exact: 3 } }), true, set(3));
  mustLog(filter({ string_match: { exact: 'x' } }), true);
  mustLog(filter({ string_match: { exact: 'x' } }, { match_if_key_not_found: false }), false);
  mustLog(filter({ string_match: { exact: 'x' } }, { match_if_key_not_found: false }), true, set('x'));
});
