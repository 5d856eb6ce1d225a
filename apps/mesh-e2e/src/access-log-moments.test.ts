// Lines that are written while a request goes on: in Weft, and in a real Envoy that runs the same bootstrap.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  besideEnvoy,
  cluster,
  connectionManager,
  listener,
  RawClient,
  ScriptedUpstream,
  type RunningProxy,
} from '@weft/testing-harness';
import { jsonLog } from './access-log-operators.ts';

type Line = Readonly<Record<string, unknown>>;

const OPERATORS = [
  'ACCESS_LOG_TYPE', 'RESPONSE_CODE', 'RESPONSE_FLAGS', 'RESPONSE_CODE_DETAILS', 'PROTOCOL', 'ROUTE_NAME', 'REQ(:PATH)',
  'UPSTREAM_CLUSTER', 'UPSTREAM_HOST', 'RESP(x-up)', 'BYTES_RECEIVED', 'BYTES_SENT', 'DURATION', 'REQUEST_DURATION',
  'RESPONSE_DURATION', 'DOWNSTREAM_WIRE_BYTES_RECEIVED', 'DOWNSTREAM_HEADER_BYTES_RECEIVED', 'DOWNSTREAM_WIRE_BYTES_SENT',
]; // prettier-ignore

const CASES: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  'a request that takes a while': (client) =>
    client.send('POST /slow HTTP/1.1\r\nhost: h.test\r\ncontent-length: 2\r\n\r\nhi').until(/ok$/),
  'a request without a route': (client) => client.send('GET /none HTTP/1.1\r\nhost: h.test\r\n\r\n').until(/404/),
  'a tunnel': async (client) => {
    client.send('GET /tunnel HTTP/1.1\r\nhost: h.test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    await client.until(/101[^]*hello$/);
    client.close();
  },
};

const scratch = mkdtempSync(join(tmpdir(), 'weft-moments-'));
after(() => rmSync(scratch, { recursive: true }));

function bootstrap(port: number, folder: string): object {
  const front = (name: string): object =>
    listener(
      name,
      connectionManager('front', {
        route_config: {
          response_headers_to_remove: ['x-envoy-upstream-service-time'],
          virtual_hosts: [
            {
              name: 'all',
              domains: ['*'],
              routes: ['/slow', '/tunnel'].map((prefix) => ({
                match: { prefix },
                name: `to ${prefix}`,
                route: { cluster: 'up' },
              })),
            },
          ],
        },
        upgrade_configs: [{ upgrade_type: 'websocket' }],
        access_log_options: {
          flush_access_log_on_new_request: true,
          access_log_flush_interval: '0.4s',
          flush_log_on_tunnel_successfully_established: true,
        },
        access_log: [jsonLog(join(folder, name), OPERATORS)],
      }),
    );
  return { static_resources: { listeners: Object.keys(CASES).map(front), clusters: [cluster('up', [port])] } };
}

async function linesOf(
  start: (bootstrap: object) => Promise<RunningProxy>,
  who: string,
): Promise<ReadonlyMap<string, readonly Line[]>> {
  const folder = mkdtempSync(join(scratch, `${who}-`));
  const upstream = await ScriptedUpstream.start(({ path }, socket) => {
    if (path === '/tunnel') {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello');
      return;
    }
    socket.write('HTTP/1.1 200 OK\r\nx-up: 1\r\ncontent-length: 4\r\n\r\nno');
    setTimeout(() => socket.write('ok'), 600);
  });
  const proxy = await start(bootstrap(upstream.port, folder));
  for (const [name, play] of Object.entries(CASES)) {
    const client = new RawClient(proxy.port(name));
    await play(client);
    client.close();
  }
  await proxy.stop();
  await upstream.stop();
  const files = Object.keys(CASES).map(async (name) => {
    const text = await readFile(join(folder, name), 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    return [name, lines] as const;
  });
  return new Map(await Promise.all(files));
}

/** Envoy takes a client that ends its half of a tunnel for one that has left; we let the other half go on. */
const HALF_CLOSED = ['RESPONSE_FLAGS', 'RESPONSE_CODE_DETAILS', 'REQUEST_DURATION'];

function normal(line: Line): Line {
  const ended = line['ACCESS_LOG_TYPE'] === 'DownstreamEnd' && line['REQ(:PATH)'] === '/tunnel';
  return Object.fromEntries(
    Object.entries(line).map(([name, value]) => {
      if (ended && HALF_CLOSED.includes(name)) return [name, 'of each side'];
      if (name.endsWith('DURATION') && typeof value === 'number') return [name, 'a number'];
      return [name, typeof value === 'string' ? value.replace(/127\.0\.0\.1:\d+/, 'address') : value];
    }),
  );
}

const { ours, theirs } = await besideEnvoy(linesOf);
describe('Weft logs when Envoy logs:', () => {
  for (const name of Object.keys(CASES))
    test(name, () => assert.deepEqual(ours.get(name)?.map(normal), theirs.get(name)?.map(normal)));
});
