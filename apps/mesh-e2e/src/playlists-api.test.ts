import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { call, exchange, freePort, type RunningRedis } from '@weft/testing-harness';
import {
  fakeService,
  GOLDEN_SHA256,
  GOLDEN_WITHOUT_VIDEOS,
  seededRedis,
  sha256,
  startPlaylistsApi,
  startVideosApi,
  type FakeService,
  type RunningService,
} from './catalog-world.ts';

const GET = 'GET / HTTP/1.1\r\nhost: playlists-api\r\nconnection: close\r\n\r\n';
const IDS_IN_ORDER =
  'OFgziggbCOg myCcJJ_Fk10 2WSJF7d8dUg QThadS3Soig eyvLwK5C2dw JmCn7k0PlV4 _lpDfMkxccc jM36M39MA3I FfDI08sgrYY';

let redis: RunningRedis;
before(async () => (redis = await seededRedis()));
after(() => redis.stop());

suite('playlists-api with its neighbours', () => {
  let videos: RunningService;
  let playlists: RunningService;
  before(async () => {
    videos = await startVideosApi(redis.port);
    playlists = await startPlaylistsApi(redis.port, videos.port);
  });
  after(() => Promise.all([playlists.process.stop(), videos.process.stop()]));

  test('the whole catalog is the golden body of 1737 bytes, as plain text', async () => {
    const { status, headers, body } = await call({ port: playlists.port });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(headers['content-length'], '1737');
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.equal(sha256(body), GOLDEN_SHA256);
  });

  test('one page is nine calls of videos-api, in order', async () => {
    const before = videos.process.output.length;
    await call({ port: playlists.port });
    const ids = IDS_IN_ORDER.replaceAll(' ', '');
    await videos.process.waitFor(new RegExp(`${ids}$`));
    assert.equal(videos.process.output.length - before, ids.length);
  });

  const ROUTES: readonly (readonly [string, string, number, string, string | undefined])[] = [
    ['GET', '/x', 404, '404 page not found\n', undefined],
    ['POST', '/', 405, 'Method Not Allowed\n', 'GET, OPTIONS'],
    ['HEAD', '/', 405, '', 'GET, OPTIONS'],
    ['OPTIONS', '/', 200, '', 'GET, OPTIONS'],
  ];
  for (const [method, path, status, body, allow] of ROUTES) {
    test(`${method} ${path} is answered with ${status}`, async () => {
      const reply = await call({ port: playlists.port, method, path });
      assert.deepEqual([reply.status, reply.body, reply.headers.allow], [status, body, allow]);
    });
  }

  test('a page of another origin may read answers under DEBUG, but a preflight carries no such header', async () => {
    const debug = await startPlaylistsApi(redis.port, videos.port, { ENVIRONMENT: 'DEBUG' });
    assert.equal((await call({ port: debug.port })).headers['access-control-allow-origin'], '*');
    const preflight = await call({ port: debug.port, method: 'OPTIONS' });
    assert.equal(preflight.headers['access-control-allow-origin'], undefined);
    assert.deepEqual(await debug.process.stop(), { code: 0, signal: null });
  });
});

suite('playlists-api when a neighbour fails', () => {
  test('without Redis the list is empty and the log says why', async () => {
    const playlists = await startPlaylistsApi(await freePort(), await freePort());
    const { status, body } = await call({ port: playlists.port });
    assert.deepEqual([status, body], [200, '[]']);
    assert.match(playlists.process.output, /connect ECONNREFUSED.*\nerror occured retrieving playlists from Redis\n/);
    await playlists.process.stop();
  });

  test('without videos-api the playlists are there, without videos, in 195 bytes', async () => {
    const playlists = await startPlaylistsApi(redis.port, await freePort());
    const { headers, body } = await call({ port: playlists.port });
    assert.equal(headers['content-length'], '195');
    assert.equal(body, GOLDEN_WITHOUT_VIDEOS);
    await playlists.process.stop();
  });

  /** A page over a videos-api that behaves as told, with what it has seen. */
  async function pageOver(reply: (id: string) => { status?: number; body: string } | 'close', headers = {}) {
    const asked: string[] = [];
    const seen: Record<string, unknown>[] = [];
    let [inFlight, mostInFlight] = [0, 0];
    const videos: FakeService = await fakeService((request, response) => {
      const id = (request.url ?? '/').slice(1);
      asked.push(id);
      seen.push(request.headers);
      mostInFlight = Math.max(mostInFlight, (inFlight += 1));
      response.once('close', () => (inFlight -= 1));
      const answer = reply(id);
      if (answer === 'close') request.socket.destroy();
      else response.writeHead(answer.status ?? 200).end(answer.body);
    });
    const playlists = await startPlaylistsApi(redis.port, videos.port);
    const lines = Object.entries(headers).map(([name, value]) => `\r\n${name}: ${String(value)}`);
    const raw = await exchange(playlists.port, GET.replace('\r\n\r\n', `${lines.join('')}\r\n\r\n`));
    await playlists.process.stop();
    await videos.close();
    return { raw, asked, seen, mostInFlight, connections: videos.connections() };
  }

  const bodyOf = (raw: string) =>
    JSON.parse(raw.slice(raw.indexOf('\r\n\r\n') + 4)) as { id: string; videos: Record<string, string>[] }[];
  const video = (id: string) => ({ body: JSON.stringify({ id }) });

  test('a closed connection drops the rest of one playlist, and the call is not repeated', async () => {
    const { raw, asked } = await pageOver((id) => (id === 'myCcJJ_Fk10' ? 'close' : video(id)));
    assert.deepEqual(
      bodyOf(raw).map((list) => list.videos.length),
      [1, 2, 2, 2],
    );
    // The connection was reused when it was lost, which is when other clients would have asked again.
    assert.deepEqual(
      asked,
      IDS_IN_ORDER.split(' ').filter((id) => id !== '2WSJF7d8dUg'),
    );
  });

  for (const [name, reply] of [
    ['the text of a 503', { status: 503, body: 'upstream connect error or disconnect/reset before headers' }],
    ['an empty body', { body: '' }],
    ['JSON that is no video', { body: '[]' }],
  ] as const) {
    test(`${name} from videos-api loses the whole page: an empty reply`, async () => {
      const { raw, asked } = await pageOver((id) => (id === 'JmCn7k0PlV4' ? reply : video(id)));
      assert.equal(raw, '');
      assert.equal(asked.at(-1), 'JmCn7k0PlV4');
    });
  }

  test('an empty object is a video with empty fields', async () => {
    const { raw } = await pageOver(() => ({ body: '{}' }));
    assert.deepEqual(bodyOf(raw)[0]?.videos[0], { id: '', title: '', description: '', imageurl: '', url: '' });
  });

  test('the status of videos-api does not matter', async () => {
    const { raw } = await pageOver((id) => ({ status: 500, ...video(id) }));
    assert.equal(bodyOf(raw).flatMap((list) => list.videos).length, 9);
  });

  test('calls are made one after the other over one kept-alive connection', async () => {
    const { mostInFlight, connections } = await pageOver(video);
    assert.deepEqual({ mostInFlight, connections }, { mostInFlight: 1, connections: 1 });
  });

  test('trace headers of the page go on with each of the nine calls, and nothing else does', async () => {
    const trace = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'x-request-id': 'r1',
      b3: '0',
    };
    const { seen } = await pageOver(video, { ...trace, cookie: 'secret=1' });
    assert.equal(seen.length, 9);
    for (const headers of seen) {
      const { host, connection, ...rest } = headers;
      assert.match(String(host), /^127\.0\.0\.1:\d+$/);
      assert.equal(connection, 'keep-alive');
      assert.deepEqual(rest, trace);
    }
  });
});
