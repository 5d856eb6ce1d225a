import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { DATA_SETS } from '@weft/demo-data';
import { call, exchange, freePort, type RunningRedis } from '@weft/testing-harness';
import { seededRedis, startVideosApi, type RunningService } from './catalog-world.ts';

const getLine = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: videos-api\r\nconnection: close\r\n\r\n`;

suite('videos-api on a real Redis', () => {
  let redis: RunningRedis;
  let service: RunningService;

  before(async () => {
    redis = await seededRedis();
    service = await startVideosApi(redis.port);
  });
  after(async () => {
    await service.process.stop();
    await redis.stop();
  });

  for (const [id, stored] of DATA_SETS.videos) {
    test(`${id} is answered with its ${Buffer.byteLength(stored)} stored bytes as plain text`, async () => {
      const reply = await call({ port: service.port, path: `/${id}` });
      assert.equal(reply.status, 200);
      assert.equal(reply.headers['content-type'], 'text/plain; charset=utf-8');
      assert.equal(reply.headers['access-control-allow-origin'], undefined);
      assert.equal(reply.body, stored);
    });
  }

  test('an unknown id is an empty object', async () => {
    const reply = await call({ port: service.port, path: '/nothing' });
    assert.deepEqual([reply.status, reply.body], [200, '{}']);
  });

  const ROUTES: readonly (readonly [string, string, number, string, string | undefined])[] = [
    ['GET', '/', 404, '404 page not found\n', undefined],
    ['GET', '/a/b', 404, '404 page not found\n', undefined],
    ['GET', '/a/', 301, '<a href="/a">Moved Permanently</a>.\n\n', undefined],
    ['POST', '/a', 405, 'Method Not Allowed\n', 'GET, OPTIONS'],
    ['HEAD', '/a', 405, '', 'GET, OPTIONS'],
    ['OPTIONS', '/a', 200, '', 'GET, OPTIONS'],
  ];
  for (const [method, path, status, body, allow] of ROUTES) {
    test(`${method} ${path} is answered with ${status}`, async () => {
      const reply = await call({ port: service.port, method, path });
      assert.deepEqual([reply.status, reply.body, reply.headers.allow], [status, body, allow]);
      if (status === 301) assert.equal(reply.headers.location, '/a');
    });
  }

  test('ids are printed without line ends', async () => {
    await call({ port: service.port, path: '/first' });
    await call({ port: service.port, path: '/second' });
    await service.process.waitFor(/firstsecond$/);
  });

  test('a page of another origin may read answers under DEBUG only', async () => {
    const debug = await startVideosApi(redis.port, { ENVIRONMENT: 'DEBUG' });
    const { headers } = await call({ port: debug.port, path: '/nothing' });
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-credentials'], 'true');
    assert.equal(headers['access-control-allow-methods'], 'POST, GET, OPTIONS, PUT, DELETE');
    assert.equal(
      headers['access-control-allow-headers'],
      'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, accept, origin, Cache-Control, X-Requested-With, X-MY-API-Version',
    );
    const preflight = await call({ port: debug.port, path: '/a', method: 'OPTIONS' });
    assert.equal(preflight.headers['access-control-allow-origin'], undefined);
    await debug.process.stop();
  });
});

suite('a flaky videos-api', () => {
  let redis: RunningRedis;
  before(async () => (redis = await seededRedis()));
  after(() => redis.stop());

  test('closes one connection in three with not a byte written', async () => {
    const { port, process } = await startVideosApi(redis.port, { FLAKY: 'true' });
    const stored = DATA_SETS.videos.get('2WSJF7d8dUg') ?? '';
    const total = 900;
    let empty = 0;
    for (let sent = 0; sent < total; sent += 10) {
      const replies = await Promise.all(Array.from({ length: 10 }, () => exchange(port, getLine('/2WSJF7d8dUg'))));
      for (const reply of replies) {
        if (reply === '') empty += 1;
        else assert.ok(reply.startsWith('HTTP/1.1 200 OK\r\n') && reply.endsWith(stored));
      }
    }
    // Five standard deviations of 900 draws with p = 1/3.
    assert.ok(Math.abs(empty / total - 1 / 3) < 0.0786, `${empty} of ${total} were empty`);
    assert.match(process.output, /panic: flaky error occurred \n/);
    await process.stop();
  });

  test('is switched by its settings file while it runs', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-flaky-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const SETTINGS_FILE = join(folder, 'settings.env');
    const { port, process } = await startVideosApi(redis.port, { SETTINGS_FILE, FLAKY: 'false' });
    const set = async (text: string): Promise<void> => {
      writeFileSync(`${SETTINGS_FILE}.new`, `${text}\n`);
      renameSync(`${SETTINGS_FILE}.new`, SETTINGS_FILE);
      await process.waitFor(new RegExp(`settings: ${text}\n`));
    };
    const empties = async (): Promise<number> => {
      const replies = await Promise.all(Array.from({ length: 60 }, () => exchange(port, getLine('/x'))));
      return replies.filter((reply) => reply === '').length;
    };
    assert.equal(await empties(), 0);
    await set('FLAKY=true');
    // All sixty whole has the chance (2/3)^60, less than one in ten thousand million.
    assert.ok((await empties()) > 0);
    await set('FLAKY=false');
    assert.equal(await empties(), 0);
    await process.stop();
  });
});

suite('videos-api and its Redis', () => {
  test('without Redis every answer is an empty reply, and with Redis back the next one is whole', async () => {
    const port = await freePort();
    const service = await startVideosApi(port);
    assert.equal(await exchange(service.port, getLine('/2WSJF7d8dUg')), '');
    assert.match(service.process.output, /panic: connect ECONNREFUSED/);
    for (let round = 0; round < 2; round += 1) {
      const redis = await seededRedis(port);
      const reply = await exchange(service.port, getLine('/2WSJF7d8dUg'));
      assert.ok(reply.endsWith(DATA_SETS.videos.get('2WSJF7d8dUg') ?? '-'));
      await redis.stop();
      assert.equal(await exchange(service.port, getLine('/2WSJF7d8dUg')), '');
    }
    assert.deepEqual(await service.process.stop(), { code: 0, signal: null });
  });

  test('a request in flight is answered before the service ends', async () => {
    const redis = await seededRedis();
    const service = await startVideosApi(redis.port);
    // A stopped Redis keeps the request in flight until it goes on.
    process.kill(redis.process.pid, 'SIGSTOP');
    const reply = exchange(service.port, getLine('/2WSJF7d8dUg').replace('connection: close', 'x: y'));
    await service.process.waitFor(/2WSJF7d8dUg$/);
    const ended = service.process.stop();
    process.kill(redis.process.pid, 'SIGCONT');
    assert.ok((await reply).endsWith(DATA_SETS.videos.get('2WSJF7d8dUg') ?? '-'));
    assert.deepEqual(await ended, { code: 0, signal: null });
    await redis.stop();
  });
});
