// Clients that leave before, inside and behind a mutual TLS handshake: none may stay with the proxy, and Weft and a real Envoy
// with the same bootstrap have to count the same.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import {
  CertificateAuthority,
  connectionManager,
  envoyProgram,
  routesOf,
  startEnvoy,
  startWeft,
  type RunningProxy,
} from '@weft/testing-harness';

const ca = new CertificateAuthority();
after(() => ca.remove());
const own = ca.issue('own');
const client = ca.issue('client');

const TYPES = 'type.googleapis.com/envoy.extensions';
const inspector = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: { '@type': `${TYPES}.filters.listener.tls_inspector.v3.TlsInspector` },
};
const mutual = {
  name: 'envoy.transport_sockets.tls',
  typed_config: {
    '@type': `${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext`,
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [{ certificate_chain: { filename: own.certFile }, private_key: { filename: own.keyFile } }],
      validation_context: { trusted_ca: { filename: ca.caFile } },
    },
  },
};
const secured = (name: string, filters: readonly object[]): object => ({
  name,
  stat_prefix: name,
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  listener_filters: filters,
  filter_chains: [
    {
      filters: [connectionManager(name, routesOf({ match: { prefix: '/' }, direct_response: { status: 200 } }))],
      transport_socket: mutual,
    },
  ],
});
const bootstrap = { static_resources: { listeners: [secured('plain', []), secured('inspected', [inspector])] } };

type Leave = (socket: Socket) => void;
const ways: Readonly<Record<string, Leave>> = {
  end: (socket) => void socket.end(),
  reset: (socket) => void socket.resetAndDestroy(),
};

const begin = (socket: Socket, options: ConnectionOptions): TLSSocket => {
  const tls = connect({ socket, rejectUnauthorized: false, ...options });
  tls.on('error', () => undefined);
  return tls;
};

/** Leaves when it hears that TLS is there, and before what it says last goes out. */
const early =
  (options: ConnectionOptions) =>
  (socket: Socket, leave: Leave): Promise<void> =>
    new Promise((resolve) => {
      begin(socket, options).once('secureConnect', () => {
        leave(socket);
        resolve();
      });
    });

/** Leaves when the server has answered a request, or refused it. */
const late =
  (options: ConnectionOptions) =>
  (socket: Socket, leave: Leave): Promise<void> =>
    new Promise((resolve) => {
      const tls = begin(socket, options);
      const done = (): void => {
        leave(socket);
        resolve();
      };
      tls.once('secureConnect', () => tls.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
      tls.once('data', done);
      tls.once('close', done);
    });

const stages: Readonly<Record<string, (socket: Socket, leave: Leave) => Promise<void>>> = {
  'before it spoke': async (socket, leave) => Promise.resolve(leave(socket)),
  'when it was answered': async (socket, leave) => {
    socket.write(await helloOf());
    await once(socket, 'readable');
    leave(socket);
  },
  'before its last message': early(client),
  'before its last message, without a certificate': early({}),
  'when it was served': late(client),
  'when it was served by TLS 1.2': late({ ...client, maxVersion: 'TLSv1.2' }),
  'when it was refused': late({}),
  'when it was refused by TLS 1.2': late({ maxVersion: 'TLSv1.2' }),
};

async function helloOf(): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({ read: () => undefined, write: (chunk: Buffer) => resolve(chunk) });
    connect({ socket: wire }).on('error', () => undefined);
  });
}

const COUNTED =
  /^(listener|http)\.\w+\.(downstream_(cx_(total|active|destroy\w*|ssl_\w+)|pre_cx_active|listener_filter_\w+)|ssl\.(handshake|connection_error|fail_\w+))$/;

type Counts = Readonly<Record<string, number>>;

/** The counters, once `open` clients of a listener are there and `left` are gone. */
async function counts(proxy: RunningProxy, listener: string, [open, left]: readonly [number, number]): Promise<Counts> {
  for (;;) {
    const all = [...(await proxy.stats(listener))].filter(([name]) => COUNTED.test(name));
    const of = (name: string): number =>
      all.find(([key]) => key === `listener.${listener}.downstream_${name}`)?.[1] ?? 0;
    const gone = of('cx_destroy') + of('listener_filter_remote_close') + of('listener_filter_error');
    if (gone === left && of('cx_active') + of('pre_cx_active') === open)
      return Object.fromEntries(all.filter(([, value]) => value > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** What each client that leaves adds to the counters. */
async function leaveAll(proxy: RunningProxy): Promise<Readonly<Record<string, Counts>>> {
  const results: Record<string, Counts> = {};
  for (const listener of ['plain', 'inspected']) {
    let left = 0;
    for (const [stage, talk] of Object.entries(stages))
      for (const [way, leave] of Object.entries(ways)) {
        const socket = connectPlain(proxy.port(listener), '127.0.0.1');
        socket.on('error', () => undefined);
        await once(socket, 'connect');
        // A connection that is reset before it is accepted is none to Node.
        await counts(proxy, listener, [1, left]);
        await talk(socket, leave);
        socket.resume();
        left += 1;
        results[`${listener}: ${way} ${stage}`] = await counts(proxy, listener, [0, left]);
        socket.destroy();
      }
  }
  return results;
}

test(
  'clients that leave a handshake are gone, and are counted as Envoy counts them',
  { timeout: 60_000 },
  async (t) => {
    const envoy = await envoyProgram();
    const start = async (proxy: Promise<RunningProxy>): Promise<RunningProxy> => {
      const running = await proxy;
      t.after(() => running.stop());
      return running;
    };
    const weft = await leaveAll(await start(startWeft({ bootstrap })));
    assert.deepEqual(weft, await leaveAll(await start(startEnvoy(envoy, { bootstrap }))));
  },
);
