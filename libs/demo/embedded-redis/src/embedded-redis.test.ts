import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { startEmbeddedRedis } from './embedded-redis.ts';

async function server(t: TestContext): Promise<number> {
  const redis = await startEmbeddedRedis();
  t.after(() => redis.close());
  return redis.port;
}

function client(t: TestContext, port: number, protocol: 2 | 3): Redis {
  const redis = new Redis({ host: '127.0.0.1', port, protocol });
  t.after(() => redis.disconnect());
  return redis;
}

/** Sends bytes and gives back all that comes until the server hangs up. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let received = '';
  socket.on('data', (text: string) => (received += text));
  socket.write(bytes);
  await once(socket, 'close');
  return received;
}

for (const protocol of [2, 3] as const)
  describe(`ioredis over RESP${protocol}`, () => {
    it('reads and writes values', async (t) => {
      const redis = client(t, await server(t), protocol);
      assert.equal(await redis.set('a', '1'), 'OK');
      assert.equal(await redis.get('a'), '1');
      assert.equal(await redis.get('b'), null);
      assert.equal(await redis.mset({ b: '2', c: '3' }), 'OK');
      assert.deepEqual(await redis.mget('a', 'b', 'x'), ['1', '2', null]);
      assert.equal(await redis.exists('a', 'b', 'x'), 2);
      assert.equal(await redis.del('a', 'x'), 1);
      assert.equal(await redis.dbsize(), 2);
      assert.deepEqual((await redis.keys('[a-b]*')).sort(), ['b']);
      await redis.flushall();
      assert.equal(await redis.dbsize(), 0);
    });

    it('keeps bytes as they are', async (t) => {
      const redis = client(t, await server(t), protocol);
      const bytes = Buffer.from([0, 13, 10, 255, 36]);
      await redis.set(bytes, bytes);
      assert.deepEqual(await redis.getBuffer(bytes), bytes);
    });

    it('answers many commands of one write in order', async (t) => {
      const redis = client(t, await server(t), protocol);
      const replies = await Promise.all(
        Array.from({ length: 500 }, (_, at) => redis.set(`k${at}`, at).then(() => redis.get(`k${at}`))),
      );
      assert.deepEqual(
        replies,
        Array.from({ length: 500 }, (_, at) => String(at)),
      );
    });

    it('keeps databases apart', async (t) => {
      const redis = client(t, await server(t), protocol);
      await redis.set('a', '0');
      await redis.select(3);
      assert.equal(await redis.get('a'), null);
      await assert.rejects(redis.select(16), /DB index is out of range/);
    });

    it('takes the options of SET that it has, and names the others', async (t) => {
      const redis = client(t, await server(t), protocol);
      assert.equal(await redis.set('a', '1', 'NX'), 'OK');
      assert.equal(await redis.set('a', '2', 'NX'), null);
      assert.equal(await redis.set('a', '2', 'GET'), '1');
      assert.equal(await redis.set('x', '2', 'XX'), null);
      await assert.rejects(redis.set('a', '1', 'EX', 10), /has no SET with EX/);
    });

    it('says what it does not have', async (t) => {
      const redis = client(t, await server(t), protocol);
      await assert.rejects(redis.lpush('a', '1'), /unknown command 'lpush': the embedded Redis has PING/);
      await assert.rejects(redis.call('GET'), /wrong number of arguments for 'get'/);
      await assert.rejects(redis.call('MSET', 'a'), /wrong number/);
      await assert.rejects(redis.client('KILL', 'ID', 1), /has no CLIENT KILL/);
    });

    it('tells about itself', async (t) => {
      const redis = client(t, await server(t), protocol);
      await redis.set('a', '1');
      const info = await redis.info();
      assert.match(info, /^redis_version:\d/m);
      assert.match(info, /^db0:keys=1,/m);
      assert.match(info, /^loading:0/m);
      assert.equal(await redis.ping(), 'PONG');
      assert.equal(await redis.ping('x'), 'x');
      assert.ok(Number(await redis.client('ID')) > 0);
    });
  });

describe('on the wire', () => {
  it('HELLO answers a map in the version it chooses', async (t) => {
    const port = await server(t);
    assert.match(
      await exchange(port, 'HELLO 3\r\nQUIT\r\n'),
      /^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n.*:3\r\n.*\*0\r\n\+OK\r\n$/s,
    );
    assert.match(await exchange(port, 'HELLO 2\r\nQUIT\r\n'), /^\*14\r\n/);
  });

  it('a missing key is $-1 in RESP2 and _ in RESP3', async (t) => {
    const port = await server(t);
    assert.equal(await exchange(port, 'GET x\r\nQUIT\r\n'), '$-1\r\n+OK\r\n');
    assert.ok((await exchange(port, 'HELLO 3\r\nGET x\r\nQUIT\r\n')).endsWith('_\r\n+OK\r\n'));
  });

  it('HELLO refuses other versions and unknown options', async (t) => {
    const replies = await exchange(
      await server(t),
      'HELLO 4\r\nHELLO 3 NOPE\r\nHELLO 3 AUTH u p\r\nAUTH p\r\nQUIT\r\n',
    );
    assert.match(
      replies,
      /^-NOPROTO .*\r\n-ERR Syntax error.*'NOPE'\r\n-WRONGPASS .*\r\n-ERR AUTH called without any password/,
    );
  });

  it('a peer that speaks something else gets an error and is hung up on', async (t) => {
    assert.equal(await exchange(await server(t), '*1\r\n!x\r\n'), "-ERR Protocol error: expected '$', got '!'\r\n");
  });

  it('nothing is answered after QUIT', async (t) => {
    assert.equal(await exchange(await server(t), 'QUIT\r\nPING\r\n'), '+OK\r\n');
  });
});

it('a taken port is an error', async (t) => {
  const port = await server(t);
  await assert.rejects(startEmbeddedRedis({ port }), /EADDRINUSE/);
});
