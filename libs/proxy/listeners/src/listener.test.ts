import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Listener as ListenerProto } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { StreamInfo } from '@weft/core-http';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import {
  CONTINUE,
  STOP,
  type AcceptedConnection,
  type Connection,
  type FilteredConnection,
  type HandshakeOwner,
  type ListenerFilter,
  type ListenerFilterFactory,
  type NetworkFilter,
  type NetworkFilterFactory,
  type ReadFilterFactory,
  type TransportSocketFactory,
} from '@weft/proxy-filter-api';
import type { ListenerManager } from './listener-manager.ts';
import { createWorld, type WorldOptions } from './world.testing.ts';

const ECHO = 'envoy.extensions.filters.network.echo.v3.Echo';
const TERMINAL = `{name: e, typed_config: {"@type": type.googleapis.com/${ECHO}}}`;
const SNI_CLUSTER = 'envoy.extensions.filters.network.sni_cluster.v3.SniCluster';
const READ = `{name: r, typed_config: {"@type": type.googleapis.com/${SNI_CLUSTER}}}`;
const INSPECTOR = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';
const LISTENER_FILTERS = `listener_filters: [{name: i, typed_config: {"@type": type.googleapis.com/${INSPECTOR}}}]`;
const QUIC = 'envoy.extensions.transport_sockets.starttls.v3.StartTlsConfig';
const TRANSPORT = `transport_socket: {name: t, typed_config: {"@type": type.googleapis.com/${QUIC}}}`;

/** Sends back what it gets. */
class Echo {
  readonly connection: Connection;
  constructor(connection: Connection) {
    this.connection = connection;
  }
  onData(chunk: Buffer): void {
    this.connection.transport.write(Buffer.from(chunk));
  }
  onEnd(): void {
    this.connection.transport.close();
  }
  onDrain(): void {
    // Echoes are short.
  }
  onClose(): void {
    // Nothing is kept.
  }
  drain(): void {
    this.connection.transport.close();
  }
}

const echoes: Connection[] = [];
const echo: NetworkFilterFactory<object> = {
  typeName: ECHO,
  decode: () => ({}),
  prepare: () => ({
    create: (connection) => {
      echoes.push(connection);
      return new Echo(connection);
    },
    close: () => undefined,
  }),
};

function readFilter(create: (connection: FilteredConnection) => NetworkFilter): ReadFilterFactory<object> {
  return { typeName: SNI_CLUSTER, decode: () => ({}), prepare: () => ({ create, close: () => undefined }) };
}
function listenerFilter(create: (connection: AcceptedConnection) => ListenerFilter): ListenerFilterFactory<object> {
  return { typeName: INSPECTOR, decode: () => ({}), prepare: () => ({ create, close: () => undefined }) };
}

const open: Socket[] = [];
const managers: ListenerManager[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const manager of managers.splice(0)) {
    manager.destroyConnections();
    await manager.stopAll(false);
  }
  echoes.length = 0;
});

const DEFAULT_CHAINS = `filter_chains: [{filters: [${TERMINAL}]}]`;

async function listening(options: WorldOptions, fields: string) {
  const runtime = createFakeRuntime();
  const world = createWorld({ runtime, networkFilters: [echo as NetworkFilterFactory<unknown>], ...options });
  managers.push(world.manager);
  const put = async (more: string): Promise<void> => {
    const text = `{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, stat_prefix: p, ${more}}`;
    const { message, faults } = loadConfig({ text, file: 'l', typeName: 'envoy.config.listener.v3.Listener' });
    assert.deepEqual(faults, []);
    const cx = new DecodeContext(sourceNamed('l'));
    const decoded = world.manager.decode(message as ListenerProto, cx);
    assert.deepEqual(cx.faults, []);
    const refused = await world.manager.applyDiscovered({ added: [decoded!], removed: [], version: 'v' });
    for (const reason of refused.values()) throw new Error(reason);
  };
  await put(fields);
  const { listener } = world.manager.all[0]!;
  const stat = (name: string) => world.stats.counter(`listener.p.${name}`).value;
  const gauge = (name: string) => world.stats.gauge(`listener.p.${name}`).value;
  return { ...world, runtime, put, stat, listenerGauge: gauge, port: listener.address?.port ?? 0, listener };
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  open.push(socket);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return socket;
}
const answer = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    socket.once('close', () => resolve('closed'));
    if (socket.destroyed) resolve('closed');
  });
async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return answer(socket);
}

describe('a listener', () => {
  it('puts back what its filters read, and matches on what they found', async () => {
    const filter = listenerFilter((connection) => ({
      onAccept: () => STOP,
      onData: (bytes) => {
        if (bytes.length < 4) return STOP;
        connection.applicationProtocols = ['x'];
        connection.filterState.set({ name: 'seen' }, bytes.toString());
        return CONTINUE;
      },
    }));
    const world = await listening(
      { listenerFilters: [filter as ListenerFilterFactory<unknown>] },
      `${LISTENER_FILTERS}, filter_chains: [{filter_chain_match: {application_protocols: [x]}, filters: [${TERMINAL}]}]`,
    );
    const socket = await client(world.port);
    socket.write('ab');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await ask(socket, 'cdef'), 'abcdef');
    assert.equal(echoes[0]?.filterState?.get({ name: 'seen' }), 'abcdef');
    assert.equal(world.listenerGauge('downstream_pre_cx_active'), 0);
    assert.equal(world.stat('downstream_cx_total'), 1);
    assert.equal(world.stat('worker_0.downstream_cx_total'), 1);
  });

  it('takes away what a filter consumed', async () => {
    const filter = listenerFilter((connection) => ({
      onAccept: () => STOP,
      onData: () => {
        connection.consume(2);
        return CONTINUE;
      },
    }));
    const world = await listening(
      { listenerFilters: [filter as ListenerFilterFactory<unknown>] },
      `${LISTENER_FILTERS}, ${DEFAULT_CHAINS}`,
    );
    assert.equal(await ask(await client(world.port), 'abcd'), 'cd');
  });

  for (const { goesOn, answered } of [
    { goesOn: false, answered: 'closed' },
    { goesOn: true, answered: 'ab' },
  ])
    it(`${goesOn ? 'goes on' : 'closes'} when its filters take too long${goesOn ? ', if told to' : ''}`, async () => {
      const filter = listenerFilter(() => ({ onAccept: () => STOP, onData: () => STOP }));
      const world = await listening(
        { listenerFilters: [filter as ListenerFilterFactory<unknown>] },
        `${LISTENER_FILTERS}, continue_on_listener_filters_timeout: ${goesOn}, ${DEFAULT_CHAINS}`,
      );
      const socket = await client(world.port);
      socket.write('ab');
      while (world.listenerGauge('downstream_pre_cx_active') === 0) await new Promise((next) => setImmediate(next));
      const answering = answer(socket);
      world.runtime.timers.advance(14_999);
      assert.equal(world.stat('downstream_pre_cx_timeout'), 0);
      world.runtime.timers.advance(1);
      assert.equal(world.stat('downstream_pre_cx_timeout'), 1);
      assert.equal(await answering, answered);
    });

  it('counts clients that leave while filters look', async () => {
    const filter = listenerFilter(() => ({ onAccept: () => STOP, onData: () => STOP }));
    const world = await listening(
      { listenerFilters: [filter as ListenerFilterFactory<unknown>] },
      `${LISTENER_FILTERS}, ${DEFAULT_CHAINS}`,
    );
    const socket = await client(world.port);
    socket.end('ab');
    await answer(socket);
    assert.equal(world.stat('downstream_listener_filter_remote_close'), 1);
    assert.equal(world.listenerGauge('downstream_pre_cx_active'), 0);
  });

  it('leaves filters out where they are disabled', async () => {
    const filter = listenerFilter(() => ({ onAccept: () => STOP, onData: () => STOP }));
    const disabled = LISTENER_FILTERS.replace('}}]', '}, filter_disabled: {any_match: true}}]');
    const world = await listening(
      { listenerFilters: [filter as ListenerFilterFactory<unknown>] },
      `${disabled}, ${DEFAULT_CHAINS}`,
    );
    assert.equal(await ask(await client(world.port), 'ab'), 'ab');
  });

  it('closes connections that no filter chain is for, and logs them', async () => {
    const logged: string[] = [];
    const logger = { log: (info: StreamInfo) => logged.push(info.responseCodeDetails) };
    const world = await listening(
      { createAccessLogs: () => [logger] },
      `filter_chains: [{filter_chain_match: {transport_protocol: tls}, filters: [${TERMINAL}]}]`,
    );
    assert.equal(await answer(await client(world.port)), 'closed');
    assert.equal(world.stat('no_filter_chain_match'), 1);
    assert.equal(world.stat('downstream_cx_total'), 0);
    assert.deepEqual(logged, ['filter_chain_not_found']);
  });

  it('refuses connections above its limit', async () => {
    const world = await listening(
      { flags: { 'envoy.resource_limits.listener.l.connection_limit': 1 } },
      DEFAULT_CHAINS,
    );
    const first = await client(world.port);
    assert.equal(await ask(first, 'a'), 'a');
    assert.equal(await answer(await client(world.port)), 'closed');
    assert.equal(world.stat('downstream_cx_overflow'), 1);
    first.destroy();
    while (world.listenerGauge('downstream_cx_active') > 0) await new Promise((next) => setImmediate(next));
    assert.equal(await ask(await client(world.port), 'b'), 'b');
  });
});

describe('more ways in', () => {
  it('listens on additional addresses too', async () => {
    const more = `additional_addresses: [{address: {socket_address: {address: 127.0.0.2, port_value: 0}}}]`;
    const world = await listening({}, `${more}, ${DEFAULT_CHAINS}`);
    const [, second] = world.listener.addresses;
    const socket = connect(second?.port ?? 0, '127.0.0.2');
    open.push(socket);
    assert.equal(await ask(socket, 'ab'), 'ab');
  });

  it('gives Unix sockets their permissions', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weft-listener-'));
    const path = join(folder, 's');
    const { manager } = await listening(
      {},
      `additional_addresses: [{address: {pipe: {path: ${path}, mode: 432}}}], ${DEFAULT_CHAINS}`,
    );
    assert.equal(statSync(path).mode & 0o777, 0o660);
    await manager.stopAll(false);
    rmSync(folder, { recursive: true });
  });

  it('gives its sockets the options that are configured, and says which it cannot have', async () => {
    const option = (name: number) => `socket_options: [{level: 6, name: ${name}, int_value: 1234}]`;
    const world = await listening({}, `${option(4)}, ${DEFAULT_CHAINS}`);
    assert.equal(await ask(await client(world.port), 'ab'), 'ab');
    await assert.rejects(
      listening({}, `${option(9999)}, ${DEFAULT_CHAINS}`),
      /cannot listen on .*: setting the socket option 9999 of level 6: ENOPROTOOPT/,
    );
  });

  it('connects within the process by name', async () => {
    const runtime = createFakeRuntime();
    const { manager } = createWorld({ runtime, networkFilters: [echo as NetworkFilterFactory<unknown>] });
    managers.push(manager);
    const { message } = loadConfig({
      text: `{name: i, internal_listener: {}, ${DEFAULT_CHAINS}}`,
      file: 'l',
      typeName: 'envoy.config.listener.v3.Listener',
    });
    await manager.addStatic([manager.decode(message as ListenerProto, new DecodeContext(sourceNamed('l')))!]);
    assert.equal(manager.connect('none'), undefined);
    const transport = manager.connect('i')!;
    const got = new Promise<string>((resolve) => {
      const nothing = (): void => undefined;
      transport.setReceiver({
        onData: (chunk) => resolve(chunk.toString()),
        onEnd: nothing,
        onDrain: nothing,
        onClose: nothing,
      });
    });
    transport.writeLatin1('ab');
    assert.equal(await got, 'ab');
    assert.equal(echoes[0]?.info.localAddress.text, 'envoy://i/');
  });
});

describe('network filters before the terminal one', () => {
  it('see the connection, then its bytes, then its end, in order', async () => {
    const seen: string[] = [];
    const filter = readFilter(() => ({
      onNewConnection: () => (seen.push('new'), CONTINUE),
      onData: (chunk, end) => (seen.push(`${chunk.toString()} ${end}`), CONTINUE),
      onWrite: (chunk) => void seen.push(`wrote ${chunk.toString()}`),
      onClose: () => void seen.push('closed'),
    }));
    const world = await listening(
      { readFilters: [filter as ReadFilterFactory<unknown>] },
      `filter_chains: [{filters: [${READ}, ${TERMINAL}]}]`,
    );
    const socket = await client(world.port);
    assert.equal(await ask(socket, 'ab'), 'ab');
    socket.end();
    await answer(socket);
    while (!seen.includes('closed')) await new Promise((next) => setImmediate(next));
    assert.deepEqual(seen, ['new', 'ab false', 'wrote ab', ' true', 'closed']);
  });

  for (const phase of ['onNewConnection', 'onData'] as const)
    it(`may hold everything in ${phase}, and let it go later`, async () => {
      let position: FilteredConnection | undefined;
      const filter = readFilter((connection) => {
        position = connection;
        return { [phase]: () => STOP };
      });
      const world = await listening(
        { readFilters: [filter as ReadFilterFactory<unknown>] },
        `filter_chains: [{filters: [${READ}, ${TERMINAL}]}]`,
      );
      const socket = await client(world.port);
      const answering = ask(socket, 'ab');
      while (position === undefined) await new Promise((next) => setImmediate(next));
      for (let turns = 0; turns < 20; turns += 1) await new Promise((next) => setImmediate(next));
      assert.equal(echoes.length, phase === 'onData' ? 1 : 0);
      position.continueReading();
      assert.equal(await answering, 'ab');
    });

  it('may close the connection before the terminal filter hears of it', async () => {
    const filter = readFilter((connection) => ({
      onNewConnection: () => {
        connection.close('no', false);
        return STOP;
      },
    }));
    const world = await listening(
      { readFilters: [filter as ReadFilterFactory<unknown>] },
      `filter_chains: [{filters: [${READ}, ${TERMINAL}]}]`,
    );
    assert.equal(await answer(await client(world.port)), 'closed');
    assert.equal(echoes.length, 0);
    while (world.stat('downstream_cx_destroy') === 0) await new Promise((next) => setImmediate(next));
  });
});

describe('a transport socket', () => {
  const plain = (finish: (socket: Socket, owner: HandshakeOwner) => void): TransportSocketFactory<object> => ({
    typeName: QUIC,
    decode: () => ({}),
    prepare: () => ({
      handshake: (socket, owner) => {
        queueMicrotask(() => finish(socket, owner));
        return { abort: () => void socket.destroy() };
      },
      close: () => undefined,
    }),
  });
  const tls = { serverName: 'a', alpn: 'h2' } as never;

  it('comes before the network filters', async () => {
    const factory = plain((socket, owner) => owner.onSecured(socket, tls));
    const world = await listening(
      { transportSockets: [factory as TransportSocketFactory<unknown>] },
      `filter_chains: [{${TRANSPORT}, filters: [${TERMINAL}]}]`,
    );
    assert.equal(await ask(await client(world.port), 'ab'), 'ab');
    assert.equal(echoes[0]?.info.tls, true);
    assert.equal(echoes[0]?.info.ssl?.serverName, 'a');
  });

  it('has as long as the chain says', async () => {
    const world = await listening(
      { transportSockets: [plain(() => undefined) as TransportSocketFactory<unknown>] },
      `filter_chains: [{${TRANSPORT}, transport_socket_connect_timeout: 2s, filters: [${TERMINAL}]}]`,
    );
    const socket = await client(world.port);
    while (world.listenerGauge('downstream_cx_active') === 0) await new Promise((next) => setImmediate(next));
    const answering = answer(socket);
    world.runtime.timers.advance(2000);
    assert.equal(await answering, 'closed');
    assert.equal(world.stat('downstream_cx_transport_socket_connect_timeout'), 1);
    assert.equal(world.listenerGauge('downstream_cx_active'), 0);
  });
});

describe('an update of filter chains', () => {
  it('leaves connections of chains that stay alone, and drains the others over the drain time', async () => {
    const chain = (name: string, port: string) =>
      `{name: ${name}, filter_chain_match: {${port}}, filters: [${TERMINAL}]}`;
    const world = await listening(
      {},
      `filter_chains: [${chain('a', 'source_type: SAME_IP_OR_LOOPBACK')}, ${chain('b', '')}]`,
    );
    const socket = await client(world.port);
    assert.equal(await ask(socket, 'a'), 'a');
    await world.put(`filter_chains: [${chain('a', 'source_type: SAME_IP_OR_LOOPBACK')}, ${chain('c', '')}]`);
    assert.equal(world.count('listener_in_place_updated'), 1);
    assert.equal(await ask(socket, 'b'), 'b');
    await world.put(`filter_chains: [${chain('d', 'source_type: SAME_IP_OR_LOOPBACK')}, ${chain('c', '')}]`);
    assert.equal(world.gauge('total_filter_chains_draining'), 1);
    assert.equal(await ask(socket, 'c'), 'c');
    const ending = answer(socket);
    world.runtime.timers.advance(1000);
    assert.equal(await ending, 'closed');
    while (world.gauge('total_filter_chains_draining') > 0) await new Promise((next) => setImmediate(next));
  });
});
