// The corpus of raw HTTP/1.1 messages over a whole proxy: what a client sends, what reached the upstream, what came back.
import assert from 'node:assert/strict';
import type { CorpusOption, RequestCase, ResponseCase, SeenRequest } from '@weft/net-h1/testing';
import {
  cluster,
  connectionManager,
  listener,
  RawClient,
  routesOf,
  ScriptedUpstream,
  type RunningProxy,
  type ScriptedRequest,
} from '@weft/testing-harness';

/** Lanes run side by side, each with its own upstream: what reaches it belongs to the case that the lane is at. */
export const LANES = 4;
const OPTIONS: readonly (CorpusOption | undefined)[] = [
  undefined,
  'accept_http_10',
  'allow_chunked_length',
  'allow_custom_methods',
];

/** One lane and one option give a listener; upgrades are allowed where responses are played. */
export function bootstrap(upstreamPorts: readonly number[], hostilePort: number): object {
  const routes = (name: string): object => routesOf({ match: { prefix: '/' }, route: { cluster: name } });
  const listeners = upstreamPorts.flatMap((_, lane) =>
    OPTIONS.map((option) =>
      listener(
        listenerOf(lane, option),
        connectionManager('corpus', {
          codec_type: 'HTTP1',
          ...routes(`lane ${lane}`),
          http_protocol_options: option === undefined ? {} : { [option]: true },
        }),
      ),
    ),
  );
  const hostile = connectionManager('hostile', {
    ...routes('hostile'),
    upgrade_configs: [{ upgrade_type: 'websocket' }],
  });
  return {
    static_resources: {
      listeners: [...listeners, listener('hostile', hostile)],
      clusters: [
        ...upstreamPorts.map((port, lane) => cluster(`lane ${lane}`, [port])),
        cluster('hostile', [hostilePort]),
      ],
    },
  };
}

function listenerOf(lane: number, option: CorpusOption | undefined): string {
  return `lane ${lane}, ${option ?? 'default'}`;
}

/** Every way to cut the bytes once; long ones are cut here and there. */
export function cutsOf(bytes: string): (readonly [string, string])[] {
  const step = bytes.length > 4000 ? 1777 : 1;
  const cuts: [string, string][] = [];
  for (let at = step === 1 ? 1 : 0; at < bytes.length; at += step) cuts.push([bytes.slice(0, at), bytes.slice(at)]);
  return cuts;
}

const PROBE = 'GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Answers everything. */
export function answer(_request: ScriptedRequest, socket: { write(text: string): unknown }): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
}

/**
 * Sends one case, cut in two, and sees it through to the connection's end. No route leads to `*`, and no listener allows
 * upgrades or CONNECT: such requests the proxy turns down by itself.
 */
export async function playRequest(
  one: RequestCase,
  [first, second]: readonly [string, string],
  { proxy, upstream, lane }: { proxy: RunningProxy; upstream: ScriptedUpstream; lane: number },
): Promise<void> {
  upstream.requests.length = 0;
  const client = new RawClient(proxy.port(listenerOf(lane, one.option)));
  client.send(first);
  await nextTurn();
  client.send(second);
  // A connection that is open takes another request, which ends it; one that waits is told that nothing more comes.
  if (one.then === 'open') client.send(PROBE);
  if (one.then === 'waits') client.socket.end();
  const received = await client.end();
  client.close();
  const seen = upstream.requests.map(seenAt);
  const expected = one.passes.filter(({ path }) => !one.leavesHttp && path !== '*');
  if (one.then === 'open') expected.push({ method: 'GET', path: '/probe', authority: 'a', body: '' });
  assert.deepEqual(seen, expected, `what reached the upstream of ${JSON.stringify([first, second])}`);
  const statuses = [...received.matchAll(/(?:^|\n)HTTP\/1\.[01] ([2-5]\d\d) /g)].map((match) => Number(match[1]));
  // Who speaks TLS is answered in TLS, by the listener.
  if (one.then === 'refused' && !one.bytes.startsWith('\x16')) assert.equal(statuses.at(-1), one.status, received);
  if (one.then === 'open') assert.equal(statuses.length, one.passes.length + 1, 'one answer each');
}

function seenAt({ method, path, header, head, body }: ScriptedRequest): SeenRequest {
  const chunked = /^transfer-encoding:/im.test(head);
  return { method, path, authority: header('host') ?? '', body: chunked ? dechunked(body) : body };
}

/** What a proxy has framed anew is framed plainly. */
function dechunked(text: string): string {
  let body = '';
  for (let rest = text; ;) {
    const line = rest.indexOf('\r\n');
    const size = parseInt(rest, 16);
    if (size === 0) return body;
    assert.ok(size > 0 && line > 0, `no chunks: ${JSON.stringify(text)}`);
    body += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 4 + size);
  }
}

/** What the hostile upstream does, case by case: the path names the case. */
export function hostileScript(corpus: readonly ResponseCase[]) {
  return (
    request: ScriptedRequest,
    socket: { write(text: string, encoding: 'latin1'): unknown; end(): unknown },
  ): void => {
    const one = corpus[Number(/^\/(\d+)$/.exec(request.path)?.[1] ?? -1)];
    if (one === undefined) {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-mine: ${request.path}\r\n\r\nprobe`, 'latin1');
      return;
    }
    const half = one.bytes.length >> 1;
    socket.write(one.bytes.slice(0, half), 'latin1');
    setImmediate(() => {
      socket.write(one.bytes.slice(half), 'latin1');
      if (one.closes) socket.end();
    });
  };
}

/** Asks for one hostile response, then for two innocent ones. */
export async function playResponse(one: ResponseCase, index: number, proxy: RunningProxy): Promise<void> {
  const port = proxy.port('hostile');
  const asks = one.asked === 'upgrade' ? 'Connection: upgrade\r\nUpgrade: websocket\r\n' : 'Connection: close\r\n';
  const method = one.asked === 'HEAD' ? 'HEAD' : 'GET';
  const client = new RawClient(port).send(`${method} /${index} HTTP/1.1\r\nHost: a\r\n${asks}\r\n`);
  const received = await client.end();
  client.close();
  const final = received.replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n(?:[^\r]+\r\n)*\r\n)*/, '');
  const [head = '', ...rest] = final.split('\r\n\r\n');
  const status = Number(head.slice(9, 12));
  const body = rest.join('\r\n\r\n');
  if (one.outcome === 'whole') {
    assert.equal(status, one.status, received);
    assert.equal(/transfer-encoding/i.test(head) ? dechunkedWhole(body, one) : body, one.body, received);
  } else if (one.outcome === 'refused') {
    assert.ok(status === 502 || status === 503, received);
    assert.doesNotMatch(received, /hello|Set-Cookie/i);
  } else assert.ok(status === 200 && !isWhole(head, body), `as if it were whole: ${received}`);
  for (const path of ['/a', '/b']) {
    const probe = new RawClient(port).send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const answered = await probe.end();
    probe.close();
    assert.match(
      answered,
      new RegExp(`^HTTP/1.1 200 OK\\r\\n[^]*x-mine: ${path}\\r\\n[^]*\\r\\n\\r\\nprobe$`),
      one.title,
    );
  }
}

function dechunkedWhole(body: string, one: ResponseCase): string {
  return one.asked === 'HEAD' ? body : dechunked(body);
}

function isWhole(head: string, body: string): boolean {
  if (/^transfer-encoding:/im.test(head)) return body.endsWith('0\r\n\r\n');
  return Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? NaN) === body.length;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
