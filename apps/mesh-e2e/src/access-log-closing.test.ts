// What logs tell of how connections end, those of the listener and those of its filters: in Weft, and in a real Envoy that runs
// the same bootstrap.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { besideEnvoy, cluster, connectionManager, freePort, listener, type RunningProxy } from '@weft/testing-harness';
import { jsonLog } from './access-log-operators.ts';

type Json = Readonly<Record<string, unknown>>;
type Line = Readonly<Record<string, unknown>>;

const OPERATORS = [
  'ACCESS_LOG_TYPE', 'PROTOCOL', 'RESPONSE_FLAGS', 'RESPONSE_CODE_DETAILS', 'CONNECTION_TERMINATION_DETAILS',
  'DOWNSTREAM_DETECTED_CLOSE_TYPE', 'UPSTREAM_DETECTED_CLOSE_TYPE', 'DOWNSTREAM_LOCAL_CLOSE_REASON', 'UPSTREAM_LOCAL_CLOSE_REASON',
  'UPSTREAM_TRANSPORT_FAILURE_REASON', 'UPSTREAM_CLUSTER', 'UPSTREAM_HOST', 'BYTES_RECEIVED', 'BYTES_SENT',
  'DOWNSTREAM_WIRE_BYTES_RECEIVED', 'DOWNSTREAM_WIRE_BYTES_SENT', 'UPSTREAM_WIRE_BYTES_RECEIVED', 'UPSTREAM_WIRE_BYTES_SENT',
]; // prettier-ignore

interface Case {
  /** Of the tcp_proxy; absent: requests go through a connection manager. */
  readonly tcp?: Json;
  readonly says: string;
  /** What the client does once the upstream, or the proxy, had its time. */
  readonly then?: (socket: Socket) => void;
}

const ends = (socket: Socket): unknown => socket.end();
const resets = (socket: Socket): unknown => socket.resetAndDestroy();
const http = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: h.test\r\n\r\n`;

const CASES: Readonly<Record<string, Case>> = {
  'bytes, and the client ends': { tcp: {}, says: 'hi', then: ends },
  'bytes, and the client resets': { tcp: {}, says: 'hi', then: resets },
  'bytes, and the upstream resets': { tcp: {}, says: 'reset' },
  'bytes, and the upstream ends': { tcp: {}, says: 'end', then: ends },
  'bytes that stop': { tcp: { idle_timeout: '0.2s' }, says: 'hi' },
  'bytes for too long': { tcp: { max_downstream_connection_duration: '0.2s' }, says: 'hi' },
  'bytes for no cluster': { tcp: { cluster: 'nobody' }, says: '' },
  'bytes for an empty cluster': { tcp: { cluster: 'empty' }, says: '' },
  'bytes that are refused': { tcp: { cluster: 'refused' }, says: '' },
  'a request, and the client ends': { says: http('/whole'), then: ends },
  'half an answer, and the client resets': { says: http('/half'), then: resets },
  'half an answer, and the client ends': { says: http('/half'), then: ends },
  'a request, and the upstream resets': { says: http('/reset'), then: ends },
  'no request at all': { says: 'GET /\r\n\r\n' },
  'half a head': { says: 'GET /half HT' },
};

/** What Weft tells otherwise, and why. */
const OTHERWISE: readonly (readonly [name: RegExp, operator: RegExp])[] = [
  // A head that never ends is answered past the codec, which counts for its streams only; there is no request yet.
  [/^half a head, filter/, /^DOWNSTREAM_WIRE_BYTES/],
  [/^half a head, listener/, /^PROTOCOL$/],
  // Envoy leaves it to the client to close first, and says whether it had to wait too long.
  [/request|head/, /^DOWNSTREAM_LOCAL_CLOSE_REASON$/],
];

const scratch = mkdtempSync(join(tmpdir(), 'weft-closing-'));
after(() => rmSync(scratch, { recursive: true }));

async function startUpstream() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk) => {
      const text = chunk.toString();
      if (text.includes('reset')) socket.resetAndDestroy();
      else if (text === 'end') socket.end('bye');
      else if (text.includes('/whole')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      else if (text.includes('/half')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok');
      else socket.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function listenerOf(folder: string, name: string, { tcp }: Case): object {
  const access_log = [jsonLog(join(folder, `${name}, filter`), OPERATORS)];
  const filter =
    tcp === undefined
      ? connectionManager('front', {
          request_headers_timeout: '0.3s',
          route_config: {
            // It has more digits at times, which would be counted.
            response_headers_to_remove: ['x-envoy-upstream-service-time'],
            virtual_hosts: [
              { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'up' } }] },
            ],
          },
          access_log,
        })
      : {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
            stat_prefix: 'bytes',
            cluster: 'up',
            access_log,
            ...tcp,
          },
        };
  return { ...listener(name, filter), access_log: [jsonLog(join(folder, `${name}, listener`), OPERATORS)] };
}

async function play(port: number, { says, then }: Case): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let heard = false;
  const answered = new Promise<void>((resolve) => {
    socket.on('data', () => {
      heard = true;
      resolve();
    });
  });
  socket.write(says);
  await Promise.race([closed, answered]);
  if (heard) then?.(socket);
  await closed;
}

async function linesOf(
  start: (bootstrap: object) => Promise<RunningProxy>,
  who: string,
): Promise<ReadonlyMap<string, Line>> {
  const folder = mkdtempSync(join(scratch, `${who}-`));
  const upstream = await startUpstream();
  const proxy = await start({
    static_resources: {
      listeners: Object.entries(CASES).map(([name, each]) => listenerOf(folder, name, each)),
      clusters: [
        cluster('up', [(upstream.address() as AddressInfo).port]),
        cluster('refused', [await freePort()]),
        cluster('empty', []),
      ],
    },
  });
  for (const [name, each] of Object.entries(CASES)) await play(proxy.port(name), each);
  await proxy.stop();
  upstream.close();
  const lines = new Map<string, Line>();
  for (const name of Object.keys(CASES))
    for (const log of ['filter', 'listener']) {
      const text = await readFile(join(folder, `${name}, ${log}`), 'utf8');
      lines.set(`${name}, ${log}`, JSON.parse(text) as Line);
    }
  return lines;
}

const normal = (value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/127\.0\.0\.1:\d+/g, 'address') : value;

const { ours, theirs } = await besideEnvoy(linesOf);
describe('Weft logs how connections end as Envoy does:', () => {
  for (const name of ours.keys())
    test(name, () => {
      for (const operator of OPERATORS) {
        if (OTHERWISE.some(([where, what]) => where.test(name) && what.test(operator))) continue;
        assert.deepEqual(normal(ours.get(name)?.[operator]), normal(theirs.get(name)?.[operator]), operator);
      }
    });
});
