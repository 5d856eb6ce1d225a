import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createFakeRuntime } from '@weft/core-runtime/testing';
import { loadConfig, DecodeContext } from '@weft/api-envoy';
import { decodeDownstreamTls, type DownstreamTls } from '@weft/model-tls';
import type { CertificateMaterial } from './material.ts';
import { ServerHandshake, type SecuredConnection, type ServerHandshakeFailure } from './server-handshake.ts';
import type { ServerTlsContext } from './server-tls-context.ts';
import type { IssuedCertificate } from './testing.ts';

const TYPE = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

export function decode(config: object): DownstreamTls {
  const { message, faults, source } = loadConfig({ text: JSON.stringify(config), file: 'tls.json', typeName: TYPE });
  assert.deepEqual(faults, []);
  const cx = new DecodeContext(source);
  const tls = decodeDownstreamTls(message as Parameters<typeof decodeDownstreamTls>[0], cx);
  assert.deepEqual(cx.faults, []);
  assert.ok(tls);
  return tls;
}

export function material(issued: IssuedCertificate): CertificateMaterial {
  return {
    path: '<inline>',
    chain: issued.cert,
    key: issued.key,
    pkcs12: undefined,
    password: undefined,
    ocspStaple: undefined,
  };
}

export type Outcome = SecuredConnection | ServerHandshakeFailure;

/** A server of one TLS context; `outcomes` are the ends of its handshakes. They start when `begin` resolves, or at once. */
export class TestServer {
  readonly outcomes: Outcome[] = [];
  readonly runtime = createFakeRuntime();
  private readonly server: Server;
  private waiting: ((outcome: Outcome) => void)[] = [];

  constructor(context: ServerTlsContext, begin: (socket: Socket) => Promise<void> | undefined = () => undefined) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      const ready = begin(socket);
      if (ready === undefined) this.shakeHands(context, socket);
      else void ready.then(() => this.shakeHands(context, socket));
    });
  }

  private shakeHands(context: ServerTlsContext, socket: Socket): void {
    const { runtime } = this;
    const onSecured = (connection: SecuredConnection): void => {
      connection.socket.on('error', () => undefined);
      connection.socket.on('data', (chunk) => connection.socket.write(chunk));
      connection.socket.on('end', () => connection.socket.end());
      this.add(connection);
    };
    new ServerHandshake(context, socket, { onSecured, onHandshakeFailure: (failure) => this.add(failure) }, runtime);
    if (socket.isPaused()) socket.resume();
  }

  private add(outcome: Outcome): void {
    this.outcomes.push(outcome);
    for (const resolve of this.waiting.splice(0)) resolve(outcome);
  }

  /** The next connection's own end. */
  async accepted(): Promise<Socket> {
    const [socket] = (await once(this.server, 'connection')) as [Socket];
    return socket;
  }
  next(): Promise<Outcome> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }
  close(): void {
    this.server.close();
  }
}
