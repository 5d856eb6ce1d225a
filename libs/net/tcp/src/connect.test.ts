import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import type { ConnectFailure } from './connect-attempt.ts';
import { connect, type ConnectOwner } from './connect.ts';
import type { ConnectOptions } from './options.ts';
import type { SocketTransport } from './socket-transport.ts';
import { createTestCertificate } from './testing.ts';
import { createTlsClientContext } from './tls-client.ts';

const { timers } = createFakeRuntime();
const certificate = createTestCertificate('upstream.test');
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function port(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

function tlsServer(options: TlsOptions = {}, onSocket: (socket: TLSSocket) => void = () => undefined): Promise<number> {
  const server = createTlsServer({ ...certificate, ...options }, onSocket);
  server.on('tlsClientError', () => undefined);
  return port(server);
}

type Outcome = SocketTransport | ConnectFailure;

function outcome(options: Omit<ConnectOptions, 'address' | 'timers'> & Partial<ConnectOptions>): Promise<Outcome> {
  return new Promise((resolve) => {
    const owner: ConnectOwner = { onConnected: resolve, onConnectFailure: resolve };
    connect({ address: '127.0.0.1', timers, ...options }, owner);
  });
}

async function transportTo(options: Parameters<typeof outcome>[0]): Promise<SocketTransport> {
  const result = await outcome(options);
  assert.ok(!('reason' in result), `connecting failed: ${'reason' in result ? result.details : ''}`);
  cleanUps.push(() => result.destroy());
  return result;
}

async function failureTo(options: Parameters<typeof outcome>[0]): Promise<ConnectFailure> {
  const result = await outcome(options);
  assert.ok('reason' in result, 'connecting succeeded');
  return result;
}

test('A connection is handed over with the addresses of both ends', async () => {
  const upstream = await port(createServer());
  const transport = await transportTo({ port: upstream });
  assert.equal(transport.remoteAddress.text, `127.0.0.1:${upstream}`);
  assert.equal(transport.localAddress.ip, '127.0.0.1');
});

test('A port where nobody listens is named in the words of the system', async () => {
  const server = createServer();
  const closed = await port(server);
  await new Promise((resolve) => server.close(resolve));
  const failure = await failureTo({ port: closed });
  assert.equal(failure.reason, 'refused');
  assert.equal(failure.details, 'delayed connect error: Connection refused');
});

test('A Unix socket that is not there is refused', async () => {
  const failure = await failureTo({ port: 0, path: '/nonexistent/weft.sock' });
  assert.equal(failure.reason, 'refused');
  assert.match(failure.details, /No such file or directory/);
});

test('An attempt ends when its time is up, the TLS handshake included', async () => {
  const time = createFakeRuntime().timers;
  const accepted = Promise.withResolvers<undefined>();
  const silent = await port(createServer(() => accepted.resolve(undefined)));
  const failed = outcome({ port: silent, tls: createTlsClientContext({}), connectTimeoutMs: 250, timers: time });
  await accepted.promise;
  time.advance(249);
  time.advance(1);
  const failure = (await failed) as ConnectFailure;
  assert.equal(failure.reason, 'timeout');
  assert.equal(time.pending, 0);
});

test('Nobody is called once an attempt is aborted', async () => {
  const time = createFakeRuntime().timers;
  const upstream = await port(createServer());
  const owner: ConnectOwner = {
    onConnected: () => assert.fail('connected'),
    onConnectFailure: () => assert.fail('failed'),
  };
  const attempt = connect({ address: '127.0.0.1', port: upstream, timers: time }, owner);
  attempt.abort();
  attempt.abort();
  await transportTo({ port: upstream });
  assert.equal(time.pending, 0);
});

test('TLS sends the configured SNI and offers the configured protocols', async () => {
  const seen = Promise.withResolvers<TLSSocket>();
  const upstream = await tlsServer({ ALPNProtocols: ['http/1.1'] }, seen.resolve);
  const tls = createTlsClientContext({ serverName: 'upstream.test', alpn: ['h2', 'http/1.1'] });
  const transport = await transportTo({ port: upstream, tls });
  const socket = await seen.promise;
  assert.equal((socket as TLSSocket & { servername: string }).servername, 'upstream.test');
  assert.equal(transport.alpnProtocol, 'http/1.1');
  assert.equal(transport.tls, true);
});

test('An address configured as SNI is not sent, for TLS forbids it', async () => {
  const seen = Promise.withResolvers<TLSSocket>();
  const upstream = await tlsServer({}, seen.resolve);
  await transportTo({ port: upstream, tls: createTlsClientContext({ serverName: '127.0.0.1' }) });
  assert.equal(((await seen.promise) as TLSSocket & { servername: unknown }).servername, false);
});

test('The certificate of a peer is not verified where no CA is configured', async () => {
  await transportTo({ port: await tlsServer(), tls: createTlsClientContext({}) });
});

const trusting = ({ cert }: { cert: string }): SecureContext => createSecureContext({ ca: cert });
const judge = (socket: TLSSocket): string | undefined =>
  socket.authorized ? undefined : String(socket.authorizationError);

test('A peer whose certificate leads to the configured CA is accepted, under any name', async () => {
  const tls = createTlsClientContext({ secureContext: trusting(certificate), judge, serverName: 'other.test' });
  await transportTo({ port: await tlsServer(), tls });
});

test('A peer whose certificate does not lead to the configured CA is refused', async () => {
  const tls = createTlsClientContext({ secureContext: trusting(createTestCertificate('other CA')), judge });
  const failure = await failureTo({ port: await tlsServer(), tls });
  assert.equal(failure.reason, 'tls');
  assert.equal(failure.refusedPeer, true);
  assert.match(failure.details, /^TLS_error: DEPTH_ZERO_SELF_SIGNED_CERT/);
});

test('A client certificate is shown to a peer that asks for one', async () => {
  const seen = Promise.withResolvers<TLSSocket>();
  const upstream = await tlsServer({ requestCert: true, ca: certificate.cert }, seen.resolve);
  await transportTo({
    port: upstream,
    tls: createTlsClientContext({ secureContext: createSecureContext({ ...certificate }) }),
  });
  assert.equal((await seen.promise).authorized, true);
});

test('A peer that speaks plaintext where TLS was expected is told by that name', async () => {
  const plain = await port(createServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')));
  const failure = await failureTo({ port: plain, tls: createTlsClientContext({}) });
  assert.equal(failure.reason, 'tls');
  assert.equal(failure.plaintext, true);
  assert.match(failure.details, /the peer spoke plaintext \(HTTP\/1\.x response, "HTTP\/1\.1 400 Bad Request"\)/);
});

test('A peer that speaks TLS when it is looked at again is connected to as any other', async () => {
  let plaintext = true;
  const secure = createTlsServer({ ...certificate }, (socket) => socket.write('hello'));
  const upstream = await port(
    createServer((socket) => {
      if (plaintext) socket.once('data', () => socket.write('-ERR no\r\n'));
      else secure.emit('connection', socket);
      plaintext = false;
    }),
  );
  const transport = await transportTo({ port: upstream, tls: createTlsClientContext({}) });
  assert.equal(transport.remoteAddress.text, `127.0.0.1:${upstream}`);
  assert.equal((await receive(transport, 5)).bytes.toString(), 'hello');
});

test('The next address is tried when one refuses, and when one does not answer in 300 ms', async () => {
  const upstream = await port(createServer((socket) => socket.write('here')));
  const refused = await transportTo({
    address: '127.0.0.9',
    port: upstream,
    alternatives: [{ address: '127.0.0.1', port: upstream }],
  });
  assert.equal(refused.remoteAddress.ip, '127.0.0.1');

  const time = createFakeRuntime().timers;
  const silent = Promise.withResolvers<undefined>();
  const slow = await port(createServer((socket) => socket.once('data', () => silent.resolve(undefined))));
  const fast = await tlsServer();
  const connected = outcome({
    port: slow,
    alternatives: [{ address: '127.0.0.1', port: fast }],
    tls: createTlsClientContext({}),
    timers: time,
  });
  await silent.promise;
  time.advance(299);
  time.advance(1);
  const transport = (await connected) as SocketTransport;
  cleanUps.push(() => transport.destroy());
  assert.equal(transport.remoteAddress.port, fast);
  assert.equal(time.pending, 0);
});

test('When all addresses refuse, that is one failure', async () => {
  const failure = await failureTo({ address: '127.0.0.9', port: 1, alternatives: [{ address: '127.0.0.8', port: 1 }] });
  assert.equal(failure.details, 'delayed connect error: Connection refused');
});

test('A connection comes from the configured address of its family, and begins with what is to come first', async () => {
  const seen = Promise.withResolvers<Socket>();
  const upstream = await port(createServer(seen.resolve));
  await transportTo({
    port: upstream,
    sourceAddresses: [
      { address: '::1', port: 0 },
      { address: '127.0.0.5', port: 0 },
    ],
    preamble: Buffer.from('PROXY UNKNOWN\r\n'),
    keepAliveIdleMs: 1000,
  });
  const socket = await seen.promise;
  assert.equal(socket.remoteAddress, '127.0.0.5');
  const [text] = (await once(socket, 'data')) as [Buffer];
  assert.equal(text.toString(), 'PROXY UNKNOWN\r\n');
});

test('A peer that closes during the handshake is a failure of TLS', async () => {
  const closing = await port(createServer((socket) => socket.once('data', () => socket.end())));
  const failure = await failureTo({ port: closing, tls: createTlsClientContext({}) });
  assert.equal(failure.reason, 'tls');
});

test('A second connection resumes the TLS session of the first', async () => {
  const sockets: TLSSocket[] = [];
  const arrived = Promise.withResolvers<undefined>();
  const upstream = await tlsServer({}, (socket) => {
    sockets.push(socket);
    socket.write('x');
    if (sockets.length === 2) arrived.resolve(undefined);
  });
  const tls = createTlsClientContext({ serverName: 'upstream.test' });
  const first = await transportTo({ port: upstream, tls });
  // TLS 1.3 sends its tickets before the first data.
  await new Promise<void>((resolve) =>
    first.setReceiver({
      onData: () => resolve(),
      onEnd: () => undefined,
      onDrain: () => undefined,
      onClose: () => undefined,
    }),
  );
  await transportTo({ port: upstream, tls });
  await arrived.promise;
  assert.deepEqual(
    sockets.map((socket) => socket.isSessionReused()),
    [false, true],
  );
});

/** What arrives on a transport, until `length` bytes have or the peer ends. */
function receive(transport: SocketTransport, length: number): Promise<{ bytes: Buffer; ended: boolean }> {
  const chunks: Buffer[] = [];
  let got = 0;
  return new Promise((resolve) => {
    const done = (ended: boolean): void => resolve({ bytes: Buffer.concat(chunks), ended });
    transport.setReceiver({
      onData: (chunk) => {
        chunks.push(chunk);
        got += chunk.length;
        if (got >= length) done(false);
      },
      onEnd: () => done(true),
      onDrain: () => undefined,
      onClose: () => undefined,
    });
  });
}

test('What an upstream sends arrives whole and in order, over plaintext and TLS', async () => {
  const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => i % 251));
  const plain = await port(createServer((socket) => socket.end(sent)));
  const secure = await tlsServer({}, (socket) => socket.end(sent));
  for (const options of [{ port: plain }, { port: secure, tls: createTlsClientContext({}) }]) {
    const { bytes, ended } = await receive(await transportTo(options), Infinity);
    assert.equal(ended, true);
    assert.ok(bytes.equals(sent));
  }
});

test('An upstream that speaks first is not read before there is a receiver', async () => {
  const upstream = await port(createServer((socket) => socket.write('welcome')));
  const transport = await transportTo({ port: upstream });
  // A connection made later has had its greeting by now; the first one's waits.
  assert.equal((await receive(await transportTo({ port: upstream }), 7)).bytes.toString(), 'welcome');
  assert.equal((await receive(transport, 7)).bytes.toString(), 'welcome');
});

test('A paused connection to an upstream reads nothing until it is resumed', async () => {
  const upstream = await port(createServer((socket) => socket.write('held')));
  const transport = await transportTo({ port: upstream });
  transport.pauseReading();
  let resumed = false;
  const received = receive(transport, 4).then(({ bytes }) => {
    assert.equal(resumed, true);
    return bytes.toString();
  });
  await receive(await transportTo({ port: upstream }), 4);
  resumed = true;
  transport.resumeReading();
  assert.equal(await received, 'held');
});

test('A connection that is being closed can still be destroyed', async () => {
  const upstream = await port(createServer({ allowHalfOpen: true }, (socket) => socket.write('bytes')));
  const transport = await transportTo({ port: upstream });
  const closed = new Promise<void>((resolve) =>
    transport.setReceiver({
      onData: () => undefined,
      onEnd: () => undefined,
      onDrain: () => undefined,
      onClose: () => resolve(),
    }),
  );
  transport.close();
  transport.destroy();
  await closed;
});
