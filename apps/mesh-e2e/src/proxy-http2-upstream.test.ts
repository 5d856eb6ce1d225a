// HTTP/2 towards a real server of Node's, through Weft and through a real Envoy with the same bootstrap: what clients see
// and what is counted has to be the same.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  call,
  cluster,
  connectionManager,
  envoyProgram,
  http2Upstream,
  listener,
  routesOf,
  startEnvoy,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

let upstream: Http2Server;
let refuse = 0;
let sinceGoAway = 0;
/** A server says GOAWAY after so many requests; 0: never. */
let goAwayEvery = 0;

before(async () => {
  upstream = createServer();
  upstream.on('session', (session) => session.on('error', () => undefined));
  upstream.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, String(headers[':path']));
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
});
after(() => {
  upstream.close();
});

function answer(stream: ServerHttp2Stream, path: string): void {
  if (path === '/refused' && refuse > 0) {
    refuse -= 1;
    stream.close(constants.NGHTTP2_REFUSED_STREAM);
    return;
  }
  if (path === '/reset') {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  if (path === '/trailers') {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '7', 'grpc-message': 'no' }));
    stream.end('part');
    return;
  }
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
  stream.on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end(`${path} ${bytes}`);
    sinceGoAway += 1;
    if (goAwayEvery > 0 && sinceGoAway % goAwayEvery === 0) stream.session?.close();
  });
}

const bootstrap = (): object => ({
  static_resources: {
    listeners: [
      listener(
        'front',
        connectionManager('front', {
          codec_type: 'AUTO',
          ...routesOf({
            match: { prefix: '/' },
            route: {
              cluster: 'two',
              retry_policy: { retry_on: 'refused-stream,reset-before-request', num_retries: 3 },
            },
          }),
        }),
      ),
    ],
    clusters: [
      cluster('two', [(upstream.address() as AddressInfo).port], {
        ...http2Upstream({ max_concurrent_streams: 20 }),
        circuit_breakers: { thresholds: [{ max_retries: 100 }] },
      }),
    ],
  },
});

/** Requests over one HTTP/2 connection of a client, `width` at a time; their statuses and bodies. */
async function overHttp2(port: number, paths: readonly string[], width: number): Promise<string[]> {
  const session = connect(`http://127.0.0.1:${port}`);
  const results: string[] = [];
  const one = async (path: string): Promise<string> => {
    const stream = session.request({ ':path': path });
    let body = '';
    let status = '';
    let trailers = '';
    stream.on('response', (headers) => (status = String(headers[':status'])));
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
    stream.on(
      'trailers',
      (headers) => (trailers = ` ${String(headers['grpc-status'])} ${String(headers['grpc-message'])}`),
    );
    await once(stream, 'close').catch(() => undefined);
    return `${status} ${body}${trailers}`;
  };
  for (let i = 0; i < paths.length; i += width)
    results.push(...(await Promise.all(paths.slice(i, i + width).map((path) => one(path)))));
  session.close();
  return results;
}

const PROXIES = [
  { name: 'Weft', start: () => startWeft({ bootstrap: bootstrap() }) },
  {
    name: 'Envoy',
    start: async () => startEnvoy(await envoyProgram(), { bootstrap: bootstrap() }),
  },
];

for (const { name, start } of PROXIES)
  describe(`${name} and a server that speaks HTTP/2`, () => {
    let proxy: RunningProxy;
    before(async () => {
      proxy = await start();
    });
    after(() => proxy.stop());

    test('a request of HTTP/1.1 goes on in HTTP/2, with its body', async () => {
      const reply = await call({ port: proxy.port('front'), path: '/hello' });
      assert.deepEqual([reply.status, reply.body], [200, '/hello 0']);
      const stats = await proxy.stats('cluster.two.upstream_cx_http');
      assert.equal(stats.get('cluster.two.upstream_cx_http1_total'), 0);
      assert.equal(stats.get('cluster.two.upstream_cx_http2_total'), 1);
    });

    test('trailers pass from end to end', async () => {
      assert.deepEqual(await overHttp2(proxy.port('front'), ['/trailers'], 1), ['200 part 7 no']);
    });

    test('requests of one client share the connection to the server', async () => {
      const paths = Array.from({ length: 60 }, (_, i) => `/n${i}`);
      const results = await overHttp2(proxy.port('front'), paths, 15);
      assert.deepEqual(
        results,
        paths.map((path) => `200 ${path} 0`),
      );
      const stats = await proxy.stats('cluster.two.upstream_cx_total');
      assert.equal(stats.get('cluster.two.upstream_cx_total'), 1);
    });

    test('a stream that the server refuses is sent again, one that it resets is not', async () => {
      refuse = 2;
      const reply = await call({ port: proxy.port('front'), path: '/refused' });
      assert.deepEqual([reply.status, reply.body], [200, '/refused 0']);
      assert.equal(await proxy.statReaches('cluster.two.upstream_rq_retry_success', (count) => count > 0), 1);
      const reset = await call({ port: proxy.port('front'), path: '/reset' });
      assert.equal(reset.status, 503);
      assert.match(reset.body, /reset reason: remote reset/);
      const stats = await proxy.stats('cluster.two.upstream_rq_(rx_reset|retry)$');
      assert.deepEqual([...stats.values()].sort(), [1, 2]);
    });

    test('no request is lost while the server says GOAWAY again and again', async () => {
      goAwayEvery = 25;
      const paths = Array.from({ length: 400 }, (_, i) => `/g${i}`);
      const results = await overHttp2(proxy.port('front'), paths, 10);
      goAwayEvery = 0;
      assert.deepEqual(
        results.filter((result) => !result.startsWith('200 ')),
        [],
      );
      const stats = await proxy.stats('cluster.two.upstream_(cx_close_notify|rq_active)');
      assert.ok((stats.get('cluster.two.upstream_cx_close_notify') ?? 0) >= 10);
      assert.equal(stats.get('cluster.two.upstream_rq_active'), 0);
    });
  });
