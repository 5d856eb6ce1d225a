import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants, createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, test } from 'node:test';
import { ScriptedUpstream, testCluster, type TestCluster, type TestRequest } from './testing.ts';

/** A real HTTP/2 server on a port of its own, whose streams a test answers by hand. */
class Http2Upstream {
  readonly sessions: ServerHttp2Session[] = [];
  readonly streams: ServerHttp2Stream[] = [];
  /** Answers streams as they come. */
  onStream: (stream: ServerHttp2Stream) => void = () => undefined;
  private readonly server: Http2Server;
  private waiting: (() => void)[] = [];

  private constructor(maxConcurrentStreams: number | undefined) {
    this.server = createServer(maxConcurrentStreams === undefined ? {} : { settings: { maxConcurrentStreams } });
    this.server.on('session', (session) => {
      session.on('error', () => undefined);
      this.sessions.push(session);
      this.wake();
    });
    this.server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      this.streams.push(stream);
      this.onStream(stream);
      this.wake();
    });
  }

  static async start(maxConcurrentStreams?: number): Promise<Http2Upstream> {
    const upstream = new Http2Upstream(maxConcurrentStreams);
    upstream.server.listen(0, '127.0.0.1');
    await once(upstream.server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The stream number `index` over all connections, as soon as it is there. */
  async stream(index: number): Promise<ServerHttp2Stream> {
    while (this.streams.length <= index) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.streams[index] as ServerHttp2Stream;
  }

  async answer(index: number, body = 'ok'): Promise<void> {
    const stream = await this.stream(index);
    stream.respond({ ':status': 200 });
    stream.end(body);
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }
}

const upstreams: Http2Upstream[] = [];
afterEach(async () => {
  for (const upstream of upstreams.splice(0)) await upstream.close();
});

async function world(
  more = '',
  { http2 = '{}', serverLimit }: { http2?: string; serverLimit?: number } = {},
): Promise<TestCluster & { upstream: Http2Upstream }> {
  const upstream = await Http2Upstream.start(serverLimit);
  upstreams.push(upstream);
  return { ...testCluster([upstream.port], `http2_protocol_options: ${http2}\n${more}`), upstream };
}

/** A first request, answered: there is a connection now, and the server has said what it allows. */
async function warm({ request, upstream }: Awaited<ReturnType<typeof world>>): Promise<void> {
  const first = request('/warm');
  await upstream.answer(0);
  await first.over();
}

const bodies = (requests: readonly TestRequest[]): string[] => requests.map((request) => request.body);

test('requests at the same time share one connection', async () => {
  const { request, stat, upstream, cluster } = await world();
  const requests = ['/0', '/1', '/2', '/3'].map((path) => request(path));
  await Promise.all([0, 1, 2, 3].map((i) => upstream.answer(i, `body ${i}`)));
  await Promise.all(requests.map((one) => one.over()));
  assert.deepEqual(bodies(requests), ['body 0', 'body 1', 'body 2', 'body 3']);
  assert.equal(upstream.sessions.length, 1);
  assert.deepEqual(
    [
      'upstream_cx_http2_total',
      'upstream_cx_http1_total',
      'upstream_cx_total',
      'upstream_rq_total',
      'upstream_rq_active',
    ].map(stat),
    [1, 0, 1, 4, 0],
  );
  // All waited for the one connection.
  assert.equal(stat('upstream_rq_pending_total'), 4);
  const { rqTotal, rqActive, cxActive } = cluster.hosts[0]!.stats;
  assert.deepEqual([rqTotal, rqActive, cxActive], [4, 0, 1]);
});

test('a request on a connection that is there does not wait', async () => {
  const w = await world();
  await warm(w);
  assert.notEqual(w.request().stream, undefined);
  assert.equal(w.stat('upstream_rq_pending_total'), 1);
});

test('more requests than a connection may carry open another one', async () => {
  const { request, stat, upstream } = await world('', { http2: '{max_concurrent_streams: 2}' });
  const requests = [0, 1, 2, 3, 4].map((i) => request(`/${i}`));
  await Promise.all([0, 1, 2, 3, 4].map((i) => upstream.answer(i)));
  await Promise.all(requests.map((one) => one.over()));
  assert.equal(upstream.sessions.length, 3);
  assert.equal(stat('upstream_cx_http2_total'), 3);
});

test('the limit that the server tells is kept', async () => {
  const w = await world('', { serverLimit: 1 });
  const { request, upstream } = w;
  await warm(w);
  const requests = [request('/1'), request('/2')];
  await Promise.all([upstream.answer(1), upstream.answer(2)]);
  await Promise.all(requests.map((one) => one.over()));
  assert.equal(upstream.sessions.length, 2);
});

test('a server that has not said how many it takes is sent a hundred, and the others wait for its word', async () => {
  const plain = await ScriptedUpstream.start();
  const { request, stat } = testCluster([plain.port], 'http2_protocol_options: {}');
  const requests = Array.from({ length: 150 }, (_, i) => request(`/${i}`));
  const socket = await plain.connection(0);
  await requests[99]!.started();
  assert.deepEqual(['upstream_rq_active', 'upstream_rq_pending_active', 'upstream_cx_total'].map(stat), [100, 50, 1]);
  // SETTINGS without a limit.
  socket.write(Buffer.from('000000040000000000', 'hex'));
  await requests[149]!.started();
  assert.deepEqual(['upstream_rq_active', 'upstream_rq_pending_active', 'upstream_cx_total'].map(stat), [150, 0, 1]);
  await plain.close();
});

test('where no further connection is allowed, requests wait for a place on the one there is', async () => {
  const { request, stat, upstream } = await world('circuit_breakers: {thresholds: [{max_connections: 1}]}', {
    http2: '{max_concurrent_streams: 1}',
  });
  const requests = [request('/0'), request('/1')];
  assert.equal(stat('upstream_cx_overflow'), 1);
  await upstream.answer(0);
  await upstream.answer(1);
  await Promise.all(requests.map((one) => one.over()));
  assert.equal(upstream.sessions.length, 1);
});

test('a request above max_requests fails with overflow, and others go on', async () => {
  const w = await world('circuit_breakers: {thresholds: [{max_requests: 1}]}');
  await warm(w);
  const first = w.request();
  assert.equal(w.request().failure?.reason, 'overflow');
  await w.upstream.answer(1);
  await first.over();
  assert.equal(w.stat('upstream_rq_active_overflow'), 1);
});

test('a connection takes as many requests in its life as it may', async () => {
  const { request, stat, upstream } = await world('common_http_protocol_options: {max_requests_per_connection: 2}');
  const requests = [0, 1, 2].map((i) => request(`/${i}`));
  await Promise.all([0, 1, 2].map((i) => upstream.answer(i)));
  await Promise.all(requests.map((one) => one.over()));
  assert.equal(upstream.sessions.length, 2);
  assert.equal(stat('upstream_cx_max_requests'), 1);
});

test('a stream that is reset frees its place, and its connection stays', async () => {
  const w = await world('', { http2: '{max_concurrent_streams: 1}' });
  const { request, stat, upstream } = w;
  await warm(w);
  const refused = request();
  (await upstream.stream(1)).close(constants.NGHTTP2_REFUSED_STREAM);
  await refused.over();
  assert.equal(refused.resetReason, 'remote refused stream reset');
  const cut = request();
  (await upstream.stream(2)).close(constants.NGHTTP2_INTERNAL_ERROR);
  await cut.over();
  assert.equal(cut.resetReason, 'remote reset');
  const dropped = await request().started();
  dropped.stream?.reset('local reset');
  const last = request();
  await upstream.answer(4);
  await last.over();
  assert.equal(last.body, 'ok');
  assert.equal(upstream.sessions.length, 1);
  assert.deepEqual(
    ['upstream_rq_rx_reset', 'upstream_rq_tx_reset', 'upstream_rq_active', 'http2.rx_reset', 'http2.tx_reset'].map(
      stat,
    ),
    [1, 1, 0, 2, 1],
  );
});

test('after GOAWAY what was begun finishes, what was not looked at is refused, and new requests go elsewhere', async () => {
  const w = await world();
  const { request, stat, upstream } = w;
  await warm(w);
  const kept = request('/kept');
  const keptStream = await upstream.stream(1);
  const lost = request('/lost');
  // Only the first two streams were looked at (ids 1 and 3).
  upstream.sessions[0]!.goaway(constants.NGHTTP2_NO_ERROR, 3);
  await lost.over();
  assert.equal(lost.resetReason, 'remote refused stream reset');
  assert.equal(stat('upstream_cx_close_notify'), 1);
  const elsewhere = request('/elsewhere');
  await elsewhere.started();
  assert.equal(upstream.sessions.length, 2);
  keptStream.respond({ ':status': 200 });
  keptStream.end('kept');
  await kept.over();
  assert.equal(kept.body, 'kept');
  assert.equal(stat('upstream_rq_active'), 1);
});

test('no request is lost when a server says GOAWAY in the middle of many', async () => {
  const { request, stat, upstream } = await world('', { http2: '{max_concurrent_streams: 4}' });
  let answered = 0;
  upstream.onStream = (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
    answered += 1;
    if (answered % 20 === 0) stream.session?.close();
  };
  /** As a retry policy with `refused-stream` does: what the server did not look at is sent again. */
  const send = async (path: string): Promise<string> => {
    const one = await request(path).over();
    return one.resetReason === 'remote refused stream reset' ? send(path) : (one.resetReason ?? one.body);
  };
  const results: string[] = [];
  for (let i = 0; i < 30; i += 1)
    results.push(...(await Promise.all([send(`/${i}a`), send(`/${i}b`), send(`/${i}c`), send(`/${i}d`)])));
  assert.deepEqual([results.length, [...new Set(results)]], [120, ['ok']]);
  assert.ok(stat('upstream_cx_close_notify') >= 4);
  assert.deepEqual(['upstream_rq_active', 'upstream_rq_pending_active'].map(stat), [0, 0]);
});

test('a connection that is lost resets all its streams, and leaves no count behind', async () => {
  const w = await world();
  await warm(w);
  const requests = [w.request(), w.request(), w.request()];
  await w.upstream.stream(3);
  w.upstream.sessions[0]!.destroy();
  await Promise.all(requests.map((one) => one.over()));
  assert.deepEqual(
    requests.map((one) => one.resetReason),
    ['connection termination', 'connection termination', 'connection termination'],
  );
  const again = w.request();
  await w.upstream.answer(4);
  await again.over();
  assert.deepEqual(
    [
      'upstream_rq_active',
      'upstream_cx_active',
      'upstream_rq_pending_failure_eject',
      'upstream_cx_destroy_with_active_rq',
    ].map(w.stat),
    [0, 1, 3, 1],
  );
});

test('an idle connection closes after the idle timeout, one with streams does not', async () => {
  const w = await world('common_http_protocol_options: {idle_timeout: 10s}');
  await warm(w);
  const busy = await w.request().started();
  w.runtime.timers.advance(30_000);
  assert.equal(w.stat('upstream_cx_idle_timeout'), 0);
  await w.upstream.answer(1);
  await busy.over();
  w.runtime.timers.advance(10_001);
  assert.equal(w.stat('upstream_cx_idle_timeout'), 1);
});

test('a drained host finishes the streams it has and takes no more on that connection', async () => {
  const w = await world();
  await warm(w);
  const one = await w.request().started();
  const other = await w.request().started();
  w.cluster.drain();
  await w.upstream.answer(1);
  await w.upstream.answer(2);
  await Promise.all([one.over(), other.over()]);
  assert.deepEqual(bodies([one, other]), ['ok', 'ok']);
  const [session] = w.upstream.sessions;
  if (!session!.closed) await once(session!, 'close');
});

test('connections are made in advance where the policy says so', async () => {
  const { request, upstream, stat } = await world('preconnect_policy: {per_upstream_preconnect_ratio: 1.5}', {
    http2: '{max_concurrent_streams: 1}',
  });
  const first = request();
  // (1 pending) × 1.5 is more than one connection can take.
  assert.equal(stat('upstream_cx_total'), 2);
  await upstream.answer(0);
  await first.over();
});

test('hosts that the next requests will go to are connected to in advance', async () => {
  const upstream = await Http2Upstream.start();
  const other = await Http2Upstream.start();
  upstreams.push(upstream, other);
  const { request, stat } = testCluster(
    [upstream.port, other.port],
    'http2_protocol_options: {}\npreconnect_policy: {predictive_preconnect_ratio: 2000}',
  );
  for (const each of [upstream, other])
    each.onStream = (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    };
  const first = request();
  assert.equal(stat('upstream_cx_total'), 2);
  await first.over();
  const second = await request().over();
  assert.notEqual(first.host, second.host);
  assert.equal(stat('upstream_cx_total'), 2);
});

test('a host has no more connections than it may, while others have theirs', async () => {
  const { request, stat } = await world('circuit_breakers: {per_host_thresholds: [{max_connections: 1}]}', {
    http2: '{max_concurrent_streams: 1}',
  });
  request();
  request();
  assert.deepEqual(['upstream_cx_active', 'upstream_cx_overflow'].map(stat), [1, 1]);
});

test('a server that speaks HTTP/1.1 breaks the protocol, and requests hear so', async () => {
  const plain = await ScriptedUpstream.start();
  const { request, stat } = testCluster([plain.port], 'http2_protocol_options: {}');
  const one = request();
  const socket = await plain.connection(0);
  socket.write('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  await one.over();
  assert.equal(one.resetReason, 'protocol error');
  assert.deepEqual(['upstream_cx_protocol_error', 'upstream_rq_active'].map(stat), [1, 0]);
  await plain.close();
});

test('a connection whose server answers no PING is given up with its streams', async () => {
  const plain = await ScriptedUpstream.start();
  const { request, stat, runtime } = testCluster(
    [plain.port],
    'http2_protocol_options: {connection_keepalive: {interval: 10s, timeout: 2s, interval_jitter: {value: 0}}}',
  );
  const one = await request().started();
  runtime.timers.advance(10_001);
  runtime.timers.advance(2_001);
  await one.over();
  assert.equal(one.resetReason, 'connection termination');
  assert.deepEqual(['http2.keepalive_timeout', 'upstream_rq_active'].map(stat), [1, 0]);
  await plain.close();
});

/** A small generator of numbers: the same test takes the same steps each time. */
function steps(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

for (const seed of [1, 2, 3, 4, 5, 6])
  test(`no count stays behind, whatever client and server do to streams and connections (${seed})`, async () => {
    const draw = steps(seed);
    const limits =
      'circuit_breakers: {thresholds: [{max_connections: 3, max_pending_requests: 8, max_requests: 10, track_remaining: true}]}';
    const w = await world(`${limits}\ncommon_http_protocol_options: {max_requests_per_connection: 9}`, {
      http2: '{max_concurrent_streams: 3}',
    });
    w.upstream.onStream = (stream) => {
      const what = draw(12);
      if (what === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else if (what === 1) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else if (what === 2) stream.session?.destroy();
      else if (what === 3) stream.session?.goaway(constants.NGHTTP2_NO_ERROR, Math.max(1, (stream.id ?? 1) - 2));
      else if (what === 4) stream.session?.close();
      else if (what > 5) {
        stream.respond({ ':status': 200 });
        if (what > 6) stream.end('ok');
      }
    };
    const open: TestRequest[] = [];
    for (let i = 0; i < 200; i += 1) {
      const what = draw(6);
      if (what < 4) open.push(w.request(`/${i}`));
      else if (what === 4) open[draw(open.length || 1)]?.stream?.reset('local reset');
      else await new Promise((resolve) => setImmediate(resolve));
    }
    for (
      let round = 0;
      round < 50 && w.stat('upstream_rq_active') + w.stat('upstream_rq_pending_active') > 0;
      round += 1
    ) {
      for (const request of open) request.stream?.reset('local reset');
      await new Promise((resolve) => setImmediate(resolve));
    }
    const gauges = ['upstream_rq_active', 'upstream_rq_pending_active'].map(w.stat);
    assert.deepEqual(gauges, [0, 0]);
    assert.deepEqual(
      ['remaining_rq', 'remaining_pending', 'rq_open', 'rq_pending_open'].map((name) =>
        w.stat(`circuit_breakers.default.${name}`),
      ),
      [10, 8, 0, 0],
    );
    const { rqActive, rqPendingActive } = w.cluster.hosts[0]!.stats;
    assert.deepEqual([rqActive, rqPendingActive], [0, 0]);
    w.upstream.onStream = (stream) => {
      stream.respond({ ':status': 200 });
      stream.end('well');
    };
    const last = await w.request('/last').over();
    assert.equal(last.body || last.resetReason, 'well');
    w.cluster.drain();
  });
