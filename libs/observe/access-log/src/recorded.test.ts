import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderMap, RequestHeaderMap, ResponseHeaderMap, socketAddress, type StreamInfo } from '@weft/core-http';
import { parseFormat } from './format-parser.ts';
import { createFormatter } from './formatter.ts';
import type { LoggedStream } from './operator.ts';
import { fakeContext, finishedStream } from './testing.ts';

function print(format: string, stream: LoggedStream): string {
  const { parts, faults } = parseFormat(format);
  assert.deepEqual(faults, []);
  return createFormatter({ kind: 'text', parts, omitEmptyValues: false }, fakeContext())(stream);
}
function json(format: string, stream: LoggedStream): string {
  const { parts } = parseFormat(format);
  const root = { kind: 'format', parts } as const;
  return createFormatter({ kind: 'json', root, omitEmptyValues: false }, fakeContext())(stream).trim();
}
function mustPrint(stream: LoggedStream, cases: Readonly<Record<string, string>>): void {
  for (const [format, text] of Object.entries(cases)) assert.equal(print(format, stream), text, format);
}

const METADATA = { weft: { text: 'abcdef', number: 1.5, inner: { list: ['a', 2], flag: true } } };

function connectionTo(port: number, id: number): NonNullable<StreamInfo['upstreamConnection']> {
  return {
    id,
    protocol: 'HTTP/2',
    host: { address: socketAddress('10.1.2.3', port), hostname: port === 1 ? 'one' : '', metadata: METADATA },
    localAddress: undefined,
    ssl: undefined,
    connectBeginMs: 90,
    connectEndMs: 92.25,
    handshakeEndMs: -1,
  };
}

test('the connection of the last attempt tells where it went and when it was made', () => {
  const stream = finishedStream();
  stream.info.upstreamConnection = connectionTo(1, 4);
  mustPrint(stream, {
    '%UPSTREAM_HOSTS_ATTEMPTED%': '10.1.2.3:1',
    '%UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT%': '10.1.2.3',
    '%UPSTREAM_HOST_NAMES_ATTEMPTED%': 'one',
    '%UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT%': 'one',
    '%UPSTREAM_CONNECTION_IDS_ATTEMPTED%': '4',
    '%UPSTREAM_CONNECTION_ID%': '4',
    '%UPSTREAM_PROTOCOL%': 'HTTP/2',
    '%COMMON_DURATION(US_CX_BEG:US_CX_END:us)%': '2250',
    '%COMMON_DURATION(US_CX_END:US_CX_BEG:us)%': '-',
    '%COMMON_DURATION(US_CX_BEG:US_HS_END)%': '-',
    '%COMMON_DURATION(of-a-filter:US_CX_END:ms)%': '-',
  });
});

test('metadata is text where it is text, and JSON with its names in order otherwise', () => {
  const stream = finishedStream();
  stream.info.upstreamClusterMetadata = METADATA;
  stream.info.upstreamConnection = connectionTo(1, 1);
  mustPrint(stream, {
    '%CLUSTER_METADATA(weft:text)%': 'abcdef',
    '%METADATA(CLUSTER:weft:text):3%': 'abc',
    '%METADATA(UPSTREAM_HOST:weft:number)%': '1.5',
    '%UPSTREAM_METADATA(weft:inner)%': '{"flag":true,"list":["a",2]}',
    '%METADATA(ROUTE:weft:text)%': '-',
    '%CLUSTER_METADATA(weft:constructor)%': '-',
  });
  assert.equal(json('%CLUSTER_METADATA(weft:inner:flag)%', stream), 'true');
  assert.equal(json('%CLUSTER_METADATA(weft:number)%', stream), '1.5');
  assert.equal(json('%CLUSTER_METADATA(weft:inner)%', stream), '{"flag":true,"list":["a",2]}');
});

test('the status of gRPC comes from trailers, else the head, else from HTTP; other requests have none', () => {
  const { info } = finishedStream();
  const request = new RequestHeaderMap('POST', '/s/m', 'a', ['content-type', 'application/grpc']);
  const response = new ResponseHeaderMap(200, ['grpc-status', '5']);
  const trailers = new HeaderMap(['grpc-status', '7']);
  mustPrint(
    { info, request, response, trailers },
    {
      '%GRPC_STATUS%': 'PermissionDenied',
      '%GRPC_STATUS(SNAKE_STRING)%': 'PERMISSION_DENIED',
      '%GRPC_STATUS(NUMBER)%': '7',
      '%RESPONSE_TRAILERS_BYTES%': '12',
    },
  );
  mustPrint({ info, request, response, trailers: undefined }, { '%GRPC_STATUS%': 'NotFound' });
  info.responseCode = 503;
  mustPrint(
    { info, request, response: undefined, trailers: undefined },
    { '%GRPC_STATUS%': 'Unavailable', '%GRPC_STATUS_NUMBER%': '14' },
  );
  mustPrint(finishedStream(), { '%GRPC_STATUS%': '-', '%GRPC_STATUS_NUMBER%': '-' });
});

test('addresses are told by network, and by endpoint', () => {
  const stream = finishedStream();
  mustPrint(stream, {
    '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT(7)%': '10.0.0.0/7',
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(20)%': '2001::/20',
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(129)%': '-',
    '%DOWNSTREAM_DIRECT_LOCAL_ADDRESS%': '127.0.0.1:28200',
    '%DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID%': '',
  });
  stream.info.upstreamHost = { ip: 'envoy://inside/7', port: 0, text: 'envoy://inside/7' };
  mustPrint(stream, { '%UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID%': '7' });
});

test('the first operator that has a value is told', () => {
  const format = '%COALESCE({"operators":["ROUTE_NAME",{"command":"REQ","param":"x-a","max_length":2}]})%';
  const stream = finishedStream();
  assert.equal(print(format, stream), 'rt');
  stream.info.routeName = '';
  assert.equal(print(format, stream), 'ab');
  for (const wrong of ['x', '{}', '{"operators":[]}', '{"operators":["NOPE"]}', '{"operators":["REQ"]}', '[1]', 'null'])
    assert.equal(parseFormat(`%COALESCE(${wrong})%`).faults.length, 1, wrong);
});

test('where TLS told no name, the request may', () => {
  const stream = finishedStream();
  mustPrint(stream, {
    '%REQUESTED_SERVER_NAME(SNI_FIRST)%': 'shop.example',
    '%REQUESTED_SERVER_NAME(SNI_ONLY:HOST)%': '-',
    '%REQUESTED_SERVER_NAME(HOST_FIRST:ORIG)%': '-',
    '%QUERY_PARAMS%': 'y=1',
    '%REQUEST_HEADERS_BYTES%': String(
      ':methodPOST:path/x?y=1:authorityshop.example:schemehttpx-aabcdefx-bbbbuser-agentcurl/7'.length,
    ),
  });
  for (const wrong of ['X', 'SNI_ONLY:X', 'SNI_ONLY:HOST:HOST'])
    assert.equal(parseFormat(`%REQUESTED_SERVER_NAME(${wrong})%`).faults.length, 1, wrong);
});
