import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test } from 'node:test';
import { DATA_SETS } from './data-sets.ts';
import { encodeCommand } from './resp.ts';
import { seedRedis } from './seed-redis.ts';

/** A peer that answers each command it has got with the next of `replies`, in pieces of one byte when asked to. */
async function peer(replies: (command: number) => string): Promise<{ server: Server; url: string; got: () => string }> {
  let received = '';
  const server = createServer((socket) => {
    let answered = 0;
    let text = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
      text += chunk.toString();
      const complete = text.split(/^\*\d+\r\n/m).length - 1;
      for (; answered < complete; answered += 1) for (const byte of replies(answered)) socket.write(byte);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { server, url, got: () => received };
}

test('a command is an array of bulk strings counted in bytes', () => {
  assert.equal(encodeCommand(['SET', 'ü', '']).toString(), '*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$0\r\n\r\n');
});

test('each key of both data sets is written once', async () => {
  const { server, url, got } = await peer(() => '+OK\r\n');
  assert.equal(await seedRedis({ url, dataSets: ['playlists', 'videos'] }), 10);
  const expected = [...DATA_SETS.playlists, ...DATA_SETS.videos].map((pair) => encodeCommand(['SET', ...pair]));
  assert.equal(got(), Buffer.concat(expected).toString());
  server.close();
});

test('a password and a database in the address are sent first', async () => {
  const { server, url, got } = await peer(() => '+OK\r\n');
  await seedRedis({ url: `${url.replace('://', '://me:p%40ss@')}/3`, dataSets: ['playlists'] });
  assert.ok(
    got().startsWith('*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$4\r\np@ss\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET'),
  );
  server.close();
});

test('a refused command is an error that quotes Redis, and is not tried again', async () => {
  const { server, url } = await peer(() => '-NOAUTH Authentication required.\r\n');
  await assert.rejects(seedRedis({ url, dataSets: ['playlists'], patienceMs: 60_000 }), /refused SET: NOAUTH/);
  server.close();
});

test('a Redis that is still loading is asked again', async () => {
  let commands = 0;
  const { server, url } = await peer(() => (commands++ === 0 ? '-LOADING Redis is loading\r\n' : '+OK\r\n'));
  assert.equal(await seedRedis({ url, dataSets: ['playlists'], patienceMs: 60_000 }), 1);
  server.close();
});

test('without patience an absent Redis is an error at once', async () => {
  const { server, url } = await peer(() => '+OK\r\n');
  server.close();
  await once(server, 'close');
  await assert.rejects(seedRedis({ url, dataSets: ['playlists'] }), /ECONNREFUSED/);
});
