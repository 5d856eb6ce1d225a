// Every response flag that a request can get here, with what its client sees: in Weft, and in a real Envoy with the same bootstrap.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect as connectHttp2, constants, createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  besideEnvoy,
  cluster,
  connectionManager,
  eventually,
  fileLog,
  freePort,
  http2Upstream,
  listener,
  RawClient,
  ScriptedUpstream,
  type RunningProxy,
} from '@weft/testing-harness';

type Json = Readonly<Record<string, unknown>>;

interface Case {
  /** What the route does; absent: there is no route. */
  readonly route?: Json;
  readonly fields?: string;
  /** The client goes away, or resets, once the upstream has the request. */
  readonly leaves?: 'closes' | 'resets';
  readonly listener?: string;
}

const to = (name: string, more: Json = {}): Json => ({ route: { cluster: name, ...more } });

/** By flag; several have the same. */
const CASES: Readonly<Record<string, Case>> = {
  '-': { route: to('up') },
  UH: { route: to('empty') },
  UF: { route: to('refused') },
  'UF, URX': { route: to('refused', { retry_policy: { retry_on: 'connect-failure', num_retries: 1 } }) },
  UC: { route: to('up'), fields: 'x-do: close\r\n' },
  URX: {
    route: to('up', { retry_policy: { retry_on: '5xx', num_retries: 1 } }),
    fields: 'x-do: 503\r\n',
  },
  UT: { route: to('up', { timeout: '0.1s' }), fields: 'x-do: hang\r\n' },
  'UT of one try': {
    route: to('up', { retry_policy: { retry_on: '5xx', num_retries: 0, per_try_timeout: '0.1s' } }),
    fields: 'x-do: hang\r\n',
  },
  UO: { route: to('full') },
  UR: { route: to('resetting') },
  UPE: { route: to('up'), fields: 'x-do: garbage\r\n' },
  UMSDR: { route: to('short', { timeout: '0s' }), fields: 'x-do: hang\r\n' },
  NR: {},
  NC: { route: to('nobody') },
  'NC, as configured': { route: to('nobody', { cluster_not_found_response_code: 'NOT_FOUND' }) },
  'NC, by header': { route: { route: { cluster_header: 'x-cluster' } }, fields: 'x-cluster: nobody\r\n' },
  DO: { route: to('dropping') },
  UDO: { route: to('overloaded', { retry_policy: { retry_on: '5xx', num_retries: 1 } }) },
  UAEX: { route: to('up'), fields: 'x-denied: yes\r\n' },
  IH: { route: to('up'), fields: 'x-envoy-retry-on: nonsense\r\n' },
  SI: { route: to('up', { timeout: '0s', idle_timeout: '0.1s' }), fields: 'x-do: hang\r\n' },
  'SI within an answer': { route: to('up', { timeout: '0s', idle_timeout: '0.1s' }), fields: 'x-do: half\r\n' },
  'no flag for a long request': { route: to('up', { timeout: '0s' }), fields: 'x-do: hang\r\n', listener: 'brief' },
  'no flag for one that is long for its route': {
    route: to('up', { timeout: '0s', max_stream_duration: { max_stream_duration: '0.1s' } }),
    fields: 'x-do: hang\r\n',
  },
  'no flag for one that is long and not whole': {
    route: to('up', { timeout: '0s' }),
    fields: 'x-do: hang\r\ncontent-length: 5\r\n',
    listener: 'brief',
  },
  DC: { route: to('up'), fields: 'x-do: hang\r\n', leaves: 'closes' },
  DR: { route: to('up'), fields: 'x-do: hang\r\n', leaves: 'resets', listener: 'h2' },
  'no flag for a direct response': { route: { direct_response: { status: 418, body: { inline_string: 'short' } } } },
  'no flag for a redirect': { route: { redirect: { path_redirect: '/elsewhere' } } },
};

const scratch = mkdtempSync(join(tmpdir(), 'weft-flags-'));
after(() => rmSync(scratch, { recursive: true }));

interface Upstreams {
  readonly plain: ScriptedUpstream;
  readonly resetting: Http2Server;
  readonly refused: number;
  stop(): Promise<void>;
}

async function startUpstreams(): Promise<Upstreams> {
  const plain = await ScriptedUpstream.start((request, socket) => {
    switch (request.header('x-do')) {
      case 'hang':
        return;
      case 'close':
        socket.end();
        return;
      case 'garbage':
        socket.write('this is no HTTP\r\n\r\n');
        return;
      case 'half':
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
        return;
      case '503':
        socket.write('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nlater');
        return;
      default:
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    }
  });
  const resetting = createHttp2Server();
  resetting.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
  resetting.listen(0, '127.0.0.1');
  await once(resetting, 'listening');
  resetting.unref();
  const stop = async (): Promise<void> => {
    resetting.close();
    await plain.stop();
  };
  return { plain, resetting, refused: await freePort(), stop };
}

const pathOf = (name: string): string => `/${encodeURIComponent(name)}`;

function bootstrap(upstreams: Upstreams, log: string): object {
  const routes = Object.entries(CASES).flatMap(([name, { route }]) =>
    route === undefined ? [] : [{ match: { path: pathOf(name) }, ...route }],
  );
  const denies = {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
      rules: {
        action: 'DENY',
        policies: {
          marked: { permissions: [{ header: { name: 'x-denied', present_match: true } }], principals: [{ any: true }] },
        },
      },
    },
  };
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
      strict_check_headers: ['x-envoy-retry-on'],
    },
  };
  const format = '%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %RESPONSE_CODE_DETAILS%';
  const front = (more: object): Json =>
    connectionManager('front', {
      route_config: {
        name: 'routes',
        validate_clusters: false,
        virtual_hosts: [{ name: 'all', domains: ['*'], routes }],
        response_headers_to_remove: ['x-envoy-upstream-service-time'],
      },
      http_filters: [denies, router],
      access_log: [fileLog(log, format)],
      ...more,
    });
  const short = {
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        common_http_protocol_options: { max_stream_duration: '0.1s' },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  };
  return {
    static_resources: {
      listeners: [
        listener('plain', front({})),
        listener('h2', front({ codec_type: 'HTTP2' })),
        listener('brief', front({ common_http_protocol_options: { max_stream_duration: '0.1s' } })),
      ],
      clusters: [
        cluster('up', [upstreams.plain.port]),
        cluster('empty', []),
        cluster('refused', [upstreams.refused]),
        cluster('full', [upstreams.plain.port], {
          circuit_breakers: { thresholds: [{ max_requests: 0, max_pending_requests: 0, max_connections: 0 }] },
        }),
        // All but one in a million.
        dropping(999_999, cluster('dropping', [upstreams.plain.port])),
        dropping(1_000_000, cluster('overloaded', [upstreams.plain.port])),
        cluster('resetting', [(upstreams.resetting.address() as AddressInfo).port], http2Upstream()),
        cluster('short', [upstreams.plain.port], short),
      ],
    },
  };
}

const dropping = (millionths: number, of: Json): Json => ({
  ...of,
  load_assignment: {
    ...(of['load_assignment'] as Json),
    policy: {
      drop_overloads: [{ category: 'spill', drop_percentage: { numerator: millionths, denominator: 'MILLION' } }],
    },
  },
});

async function play(
  name: string,
  { fields = '', leaves, listener: on = 'plain' }: Case,
  world: World,
): Promise<string> {
  const { proxy, upstreams } = world;
  const before = upstreams.plain.requests.length;
  const arrived = (): Promise<true> =>
    eventually('the upstream has the request', () => upstreams.plain.requests.length > before || undefined);
  if (on === 'h2') {
    const session = connectHttp2(`http://127.0.0.1:${proxy.port('h2')}`);
    const stream = session.request({ ':path': pathOf(name), 'x-do': 'hang' });
    stream.on('error', () => undefined);
    await arrived();
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
    session.close();
    await once(session, 'close');
    return '';
  }
  const client = new RawClient(proxy.port(on));
  client.send(`GET ${pathOf(name)} HTTP/1.1\r\nhost: h.test\r\nconnection: close\r\n${fields}\r\n`);
  if (leaves === undefined) await client.end();
  else await arrived();
  client.close();
  return client.received.replace(/\r\ndate: [^\r]*/, '');
}

interface World {
  readonly proxy: RunningProxy;
  readonly upstreams: Upstreams;
}

async function seen(
  start: (bootstrap: object) => Promise<RunningProxy>,
  who: string,
): Promise<ReadonlyMap<string, string>> {
  const upstreams = await startUpstreams();
  const log = join(scratch, who);
  const proxy = await start(bootstrap(upstreams, log));
  const answers = new Map<string, string>();
  for (const [name, each] of Object.entries(CASES)) answers.set(name, await play(name, each, { proxy, upstreams }));
  await proxy.stop();
  await upstreams.stop();
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  return new Map(
    Object.keys(CASES).map((name) => {
      const line = lines.find((one) => one.startsWith(`${pathOf(name)} `)) ?? 'no line';
      return [name, `${line}\n${answers.get(name) ?? ''}`];
    }),
  );
}

const { ours, theirs } = await besideEnvoy(seen);
describe('Weft flags what Envoy flags:', () => {
  for (const name of Object.keys(CASES)) test(name, () => assert.equal(ours.get(name), theirs.get(name)));
});
