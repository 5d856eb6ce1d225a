// Access logs that go to a server over gRPC: entry by entry the same from Weft and from a real Envoy with the same bootstrap.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromBinary, toJson, type JsonValue } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { GrpcHandler } from '@weft/core-grpc';
import { createRuntime } from '@weft/core-runtime';
import { GrpcServer } from '@weft/net-grpc';
import {
  besideEnvoy,
  CertificateAuthority,
  cluster,
  eventually,
  freePort,
  http2Upstream,
  type RunningProxy,
} from '@weft/testing-harness';
import { bootstrap, EXCHANGES, startWorld } from './access-log-operators.ts';

type Struct = Readonly<Record<string, JsonValue>>;

const MESSAGE = registry().getMessage('envoy.service.accesslog.v3.StreamAccessLogsMessage')!;
const METHOD = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
const LOGGERS = 'type.googleapis.com/envoy.extensions.access_loggers.grpc.v3';
const NAMES = Object.keys(EXCHANGES);

/** What Weft tells otherwise, by exchange and place in the entry, and why. */
const OTHERWISE: readonly (readonly [exchange: RegExp, place: RegExp])[] = [
  // As in lines: the codec writes `connection: close`, each side encodes and prefers what it likes.
  [/./, /^response\.responseHeadersBytes$/],
  [/gRPC/, /(Wire|Header)BytesSent$/],
  [/large gRPC/, /upstream(Wire|Header)BytesReceived$/],
  [/TLS/, /tlsCipherSuite$/],
];

const service = {
  log_name: 'entries',
  transport_api_version: 'V3',
  buffer_size_bytes: 0,
  grpc_service: { envoy_grpc: { cluster_name: 'als' } },
};
const logs = {
  http: {
    name: 'http',
    typed_config: {
      '@type': `${LOGGERS}.HttpGrpcAccessLogConfig`,
      common_config: service,
      additional_request_headers_to_log: ['x-case', 'x-none'],
      additional_response_headers_to_log: ['x-up'],
      additional_response_trailers_to_log: ['grpc-message'],
    },
  },
  tcp: {
    name: 'tcp',
    typed_config: { '@type': `${LOGGERS}.TcpGrpcAccessLogConfig`, common_config: service },
  },
};

const runtime = createRuntime('error', (line) => process.stderr.write(line));

async function entriesOf(start: (bootstrap: object) => Promise<RunningProxy>): Promise<readonly Struct[]> {
  const heard: Struct[] = [];
  const handler: GrpcHandler = (call) => ({
    onMessage(octets) {
      const message = toJson(MESSAGE, fromBinary(MESSAGE, octets), { registry: registry() }) as Struct;
      const list = (message['httpLogs'] ?? message['tcpLogs']) as { logEntry: Struct[] };
      heard.push(...list.logEntry);
    },
    onHalfClose: () => call.end(),
    onCancelled: () => undefined,
  });
  const server = new GrpcServer({ services: new Map([[METHOD, handler]]), timers: runtime.timers });
  const address = await server.listen({ address: '127.0.0.1:0' });
  const authority = new CertificateAuthority();
  const world = await startWorld(authority, await freePort());
  const als = cluster('als', [Number(address.split(':').at(-1))], http2Upstream());
  const proxy = await start(bootstrap(world, logs, [als]));
  for (const [i, play] of Object.values(EXCHANGES).entries()) {
    await play(world, proxy);
    await eventually(`entry ${i + 1}`, () => heard[i]);
  }
  await proxy.stop();
  await server.stop(100);
  await world.stop();
  authority.remove();
  return heard;
}

/** Every value by its place, without what differs from run to run: times, ports, ids. */
function* places(value: JsonValue | undefined, place = ''): Generator<readonly [place: string, value: JsonValue]> {
  if (Array.isArray(value)) for (const [i, one] of value.entries()) yield* places(one, `${place}[${i}]`);
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) yield* places(inner, place === '' ? name : `${place}.${name}`);
  else yield [place, normal(place, value ?? null)];
}

function normal(place: string, value: JsonValue): JsonValue {
  if (/[tT]ime[A-Z]|Time$|uration$/.test(place)) return 'a time';
  if (/portValue$/.test(place)) return 'a port';
  if (typeof value !== 'string') return value;
  return value
    .replace(/(127\.0\.0\.1|localhost):\d+/g, '$1:*')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
    .replace(/[0-9a-f]{64}/g, 'hash');
}

const { ours, theirs } = await besideEnvoy(entriesOf);
describe('Weft tells servers what Envoy tells them:', () => {
  NAMES.forEach((exchange, i) => {
    test(exchange, () => {
      const told = (entry: Struct | undefined): Record<string, JsonValue> =>
        Object.fromEntries(
          [...places(entry)].filter(
            ([place]) => !OTHERWISE.some(([where, what]) => where.test(exchange) && what.test(place)),
          ),
        );
      assert.deepEqual(told(ours[i]), told(theirs[i]));
    });
  });
});
