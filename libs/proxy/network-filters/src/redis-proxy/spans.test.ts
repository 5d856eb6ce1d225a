import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand } from '@weft/net-redis';
import type { CommandSpan, CommandTracer } from '@weft/proxy-filter-api';
import { FakeCluster, FakeClusters } from '@weft/proxy-filter-api/testing';
import { clientConnection, filterWorld, LISTENER, mustDecode } from '../world.testing.ts';
import { redisProxyFactory } from './redis-proxy.ts';

/** Writes down what happens to spans, a line each: `get: began`, `get: to a 10.0.0.1:80`, `get: done`. */
class RecordingTracer implements CommandTracer {
  readonly lines: string[] = [];
  sampled = true;

  start(system: string, command: string): CommandSpan | undefined {
    assert.equal(system, 'redis');
    if (!this.sampled) return undefined;
    const say = (text: string): unknown => this.lines.push(`${command}: ${text}`);
    let over = false;
    say('began');
    return {
      sentTo: (cluster, address) => say(`to ${cluster} ${address?.text ?? 'nowhere'}`),
      finish: (error) => {
        if (!over) say(error === undefined ? 'done' : `error ${error}`);
        over = true;
      },
    };
  }
  take(): string[] {
    return this.lines.splice(0);
  }
}

/** A redis_proxy with a tracer in front of the cluster `a`, and one client of it; keys with `x:` belong to an unknown cluster. */
function tracedProxy(a = new FakeCluster('a')) {
  const tracer = new RecordingTracer();
  const { server } = filterWorld(new FakeClusters(a));
  const routes = '{routes: [{prefix: "x:", cluster: gone}], catch_all_route: {cluster: a}}';
  const config = mustDecode(
    redisProxyFactory,
    `{stat_prefix: r, settings: {op_timeout: 5s}, prefix_routes: ${routes}}`,
  );
  const filter = redisProxyFactory.prepare(config, { ...server, commandTracer: tracer }, LISTENER);
  const { transport, ...rest } = clientConnection();
  return { tracer, a, transport, handler: filter.create({ transport, ...rest }) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function world(a?: FakeCluster) {
  const made = tracedProxy(a);
  const say = async (...commands: string[]): Promise<string[]> => {
    made.handler.onData(Buffer.concat(commands.map((command) => encodeCommand(command.split(' ')))));
    await settled();
    return made.tracer.take();
  };
  const answer = async (text: string, connection = 0): Promise<string[]> => {
    made.a.connections[connection]!.transport.receiver?.onData(Buffer.from(text, 'latin1'));
    await settled();
    return made.tracer.take();
  };
  return { ...made, say, answer };
}

test('a command has a span from its arrival to its reply, with its name and host, and nothing of its keys', async () => {
  const { say, answer } = world();
  assert.deepEqual(await say('GET secret', 'set secret hidden'), [
    'get: began',
    'get: to a 10.0.0.1:80',
    'set: began',
    'set: to a 10.0.0.1:80',
  ]);
  assert.deepEqual(await answer('$5\r\nvalue\r\n'), ['get: done']);
  assert.deepEqual(await answer('+OK\r\n'), ['set: done']);
});

test('of an error the span has the first word, and only where that cannot be anything else', async () => {
  const { say, answer } = world();
  await say('GET a', 'GET b', 'GET c');
  assert.deepEqual(await answer('-WRONGTYPE Operation against a key\r\n-my-secret is wrong\r\n+1\r\n'), [
    'get: error WRONGTYPE',
    'get: error error',
    'get: done',
  ]);
  assert.deepEqual(await say('MSET a 1 b'), ['mset: began', 'mset: error error']);
});

test('what never reached a host, or got no reply, is an error', async () => {
  const { say, a, tracer } = world();
  assert.deepEqual(await say('GET x:1'), ['get: began', 'get: to gone nowhere', 'get: error no upstream host']);
  await say('GET a');
  a.connections[0]!.transport.receiver?.onClose({ by: 'remote' });
  await settled();
  assert.deepEqual(tracer.take(), ['get: error upstream failure']);
});

test('a client that leaves ends the spans of what it waits for', async () => {
  const { say, answer, handler, tracer } = world();
  await say('GET a', 'GET b');
  handler.onClose({ by: 'remote' });
  assert.deepEqual(tracer.take(), ['get: error cancelled', 'get: error cancelled']);
  assert.deepEqual(await answer('+1\r\n+2\r\n'), []);
});

test('a command that is split over hosts is one span', async () => {
  const { say, answer } = world(new FakeCluster('a', 2));
  assert.deepEqual(await say('MGET k1 k2'), ['mget: began', 'mget: to a 10.0.0.1:80', 'mget: to a 10.0.0.2:80']);
  assert.deepEqual(await answer('*1\r\n+1\r\n', 0), []);
  assert.deepEqual(await answer('-ERR no\r\n', 1), ['mget: error error']);
});

test('the commands of a transaction have spans too', async () => {
  const { say, answer } = world();
  assert.deepEqual(await say('MULTI', 'INCR n', 'EXEC'), [
    'multi: began',
    'multi: done',
    'incr: began',
    'incr: to a 10.0.0.1:80',
    'exec: began',
    'exec: to a 10.0.0.1:80',
  ]);
  assert.deepEqual(await answer('+OK\r\n+QUEUED\r\n*1\r\n:1\r\n'), ['incr: done', 'exec: done']);
});

test('what is answered here calls nobody, and what is no command has no name: they have no spans', async () => {
  const { say, handler, tracer } = world();
  assert.deepEqual(await say('PING', 'AUTH password', 'HELLO 2', 'password', 'GET'), ['get: began']);
  handler.onClose({ by: 'remote' });
  assert.deepEqual(tracer.take(), []);
});

test('a command that is not sampled is served all the same', async () => {
  const { say, answer, tracer, transport } = world();
  tracer.sampled = false;
  assert.deepEqual(await say('GET a'), []);
  assert.deepEqual(await answer('+1\r\n'), []);
  assert.equal(transport.take(), '+1\r\n');
});
