import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { Connection, NetworkFilterFactory } from '@weft/proxy-filter-api';
import { createWorld } from './world.testing.ts';

const ECHO = 'envoy.extensions.filters.network.echo.v3.Echo';

/** Answers each chunk with its generation: 1 for the first configuration prepared, 2 for the second … */
function generations(tunnel: boolean): NetworkFilterFactory<object> {
  let generation = 0;
  return {
    typeName: ECHO,
    decode: () => ({}),
    prepare: () => {
      generation += 1;
      const mine = String(generation);
      return { create: (connection) => new Answer(connection, mine, tunnel), close: () => undefined };
    },
  };
}

class Answer {
  private readonly connection: Connection;
  private readonly text: string;
  readonly tunnel: boolean;
  constructor(connection: Connection, text: string, tunnel: boolean) {
    this.connection = connection;
    this.text = text;
    this.tunnel = tunnel;
  }
  onData(): void {
    this.connection.transport.writeLatin1(this.text);
  }
  onEnd(): void {
    this.connection.transport.close();
  }
  onDrain(): void {
    // Answers are short.
  }
  onClose(): void {
    // Nothing is kept.
  }
  drain(): void {
    if (!this.tunnel) this.connection.transport.close();
  }
}

function world({ tunnel = false } = {}) {
  return createWorld({ networkFilters: [generations(tunnel) as NetworkFilterFactory<unknown>] });
}

/** A listener in YAML; `more` is further fields of it. */
function listener(name: string, port: number, more = ''): Listener {
  const text = `{name: ${name}, address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}, ${more}
    filter_chains: [{filters: [{name: e, typed_config: {"@type": type.googleapis.com/${ECHO}}}]}]}`;
  const { message, faults } = loadConfig({ text, file: 'l', typeName: 'envoy.config.listener.v3.Listener' });
  assert.deepEqual(faults, []);
  return message as Listener;
}

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  open.push(socket);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}
async function ask(socket: Socket): Promise<string> {
  socket.write('?');
  return new Promise((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString())));
}

describe('the listener manager', () => {
  it('binds what it is given and says where', async () => {
    const { manager, gauge } = world();
    const decoded = manager.decode(listener('a', 0), new DecodeContext(sourceNamed('l')))!;
    await manager.addStatic([decoded]);
    const port = manager.all[0]?.listener.address?.port ?? 0;
    assert.equal(await ask(await client(port)), '1');
    assert.equal(gauge('total_listeners_active'), 1);
    await manager.stopAll(false);
    await assert.rejects(client(port), /ECONNREFUSED/);
  });

  it('gives new connections the new configuration of the same address, and lets the old ones finish', async () => {
    const { manager, count } = world();
    const cx = new DecodeContext(sourceNamed('l'));
    await manager.applyDiscovered({ added: [manager.decode(listener('a', 0), cx)!], removed: [], version: 'v1' });
    const port = manager.all[0]?.listener.address?.port ?? 0;
    const old = await client(port);
    assert.equal(await ask(old), '1');
    const closed = new Promise((resolve) => old.once('close', resolve));
    await manager.applyDiscovered({
      added: [manager.decode(listener('a', 0, 'tcp_backlog_size: 64,'), cx)!],
      removed: [],
      version: 'v2',
    });
    assert.equal(await ask(await client(port)), '2');
    await closed;
    assert.equal(count('listener_modified'), 1);
    assert.equal(count('listener_in_place_updated'), 0);
    await manager.stopAll(false);
  });

  it('waits for connections that finish, and not for tunnels', async () => {
    const { manager, gauge } = world({ tunnel: true });
    await manager.addStatic([manager.decode(listener('a', 0), new DecodeContext(sourceNamed('l')))!]);
    const socket = await client(manager.all[0]?.listener.address?.port ?? 0);
    assert.equal(await ask(socket), '1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await manager.stopAll(false);
    await manager.drained();
    assert.equal(gauge('total_listeners_draining'), 1);
    assert.equal(await ask(socket), '1');
    manager.destroyConnections();
    await closed;
  });

  it('brings up no listener that was removed while its port was being opened', async () => {
    const warm = Promise.withResolvers<undefined>();
    const claimed = Promise.withResolvers<undefined>();
    const bound = Promise.withResolvers<undefined>();
    const prepared = {
      pending: warm.promise,
      create: () => new Answer({} as never, '', false),
      close: () => undefined,
    };
    const waits: NetworkFilterFactory<object> = { typeName: ECHO, decode: () => ({}), prepare: () => prepared };
    const sockets = {
      claim: () => Promise.resolve(claimed.resolve(undefined)).then(() => ({})),
      bound: () => bound.resolve(undefined),
      released: () => undefined,
    };
    const { manager } = createWorld({
      networkFilters: [waits as NetworkFilterFactory<unknown>],
      server: { sockets: sockets as never },
    });
    const decoded = manager.decode(listener('a', 0), new DecodeContext(sourceNamed('l')))!;
    await manager.applyDiscovered({ added: [decoded], removed: [], version: 'v1' });
    warm.resolve(undefined);
    await claimed.promise;
    await manager.applyDiscovered({ added: [], removed: ['a'], version: 'v2' });
    await bound.promise;
    await new Promise(setImmediate);
    const left = manager.all.length;
    await manager.stopAll(false);
    assert.equal(left, 0);
  });

  it('leaves a listener alone whose message is the same', async () => {
    const { manager, count } = world();
    const cx = new DecodeContext(sourceNamed('l'));
    await manager.applyDiscovered({ added: [manager.decode(listener('a', 0), cx)!], removed: [], version: 'v1' });
    const socket = await client(manager.all[0]?.listener.address?.port ?? 0);
    await manager.applyDiscovered({ added: [manager.decode(listener('a', 0), cx)!], removed: [], version: 'v2' });
    assert.equal(await ask(socket), '1');
    assert.equal(count('listener_modified'), 0);
    await manager.stopAll(false);
  });

  it('removes what discovery no longer names, and keeps static ones', async () => {
    const { manager } = world();
    const cx = new DecodeContext(sourceNamed('l'));
    await manager.addStatic([manager.decode(listener('static', 0), cx)!]);
    await manager.applyDiscovered({ added: [manager.decode(listener('a', 0), cx)!], removed: [], version: 'v1' });
    assert.deepEqual(manager.all.map(({ listener: l }) => l.config.name), ['static', 'a']); // prettier-ignore
    await manager.applyDiscovered({ added: [], removed: ['a', 'static'], version: 'v2' });
    assert.deepEqual(manager.all.map(({ listener: l }) => l.config.name), ['static']); // prettier-ignore
    await manager.stopAll(false);
  });

  it('says in words why an address cannot be had', async () => {
    const { manager } = world();
    const cx = new DecodeContext(sourceNamed('l'));
    await manager.addStatic([manager.decode(listener('a', 0), cx)!]);
    const port = manager.all[0]?.listener.address?.port ?? 0;
    await assert.rejects(
      manager.addStatic([manager.decode(listener('b', port), cx)!]),
      /cannot listen on 127\.0\.0\.1:\d+ for listener "b": another process uses this port/,
    );
    await manager.stopAll(false);
  });

  it('refuses a filter it does not have, and names those it has', () => {
    const { manager } = world();
    const cx = new DecodeContext(sourceNamed('l'));
    const other = listener('a', 0);
    other.filterChains[0]!.filters[0]!.configType = {
      case: 'typedConfig',
      value: {
        $typeName: 'google.protobuf.Any',
        typeUrl: 'type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC',
        value: new Uint8Array(),
      },
    };
    assert.equal(manager.decode(other, cx), undefined);
    assert.match(
      cx.faults[0]?.message ?? '',
      /the filter envoy\.extensions\.filters\.network\.rbac\.v3\.RBAC is known to Envoy and not implemented/,
    );
    assert.equal(cx.faults[0]?.path, 'filter_chains[0].filters[0].typed_config');
  });
});
