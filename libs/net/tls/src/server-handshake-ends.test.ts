import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import { ServerTlsContext } from './server-tls-context.ts';
import { issueCertificate } from './testing.ts';
import { decode, material, TestServer, type Outcome } from './tls-server.testing.ts';

const inline = { certificate_chain: { inline_string: '' }, private_key: { inline_string: '' } };

/** How a client leaves. */
const ways: Record<string, (socket: Socket) => void> = {
  'ends its side': (socket) => socket.end(),
  'closes its socket': (socket) => socket.destroy(),
  'resets the connection': (socket) => socket.resetAndDestroy(),
};

describe('a client of a TLS server that leaves', () => {
  const ca = issueCertificate({ commonName: 'CA', ca: true });
  const own = issueCertificate({ commonName: 'own', issuer: ca });
  const client = issueCertificate({ commonName: 'client', issuer: ca });
  let server: TestServer;
  let readAhead = false;

  before(async () => {
    const tls = decode({
      require_client_certificate: true,
      common_tls_context: {
        tls_certificates: [inline],
        validation_context: { trusted_ca: { inline_string: 'ca' } },
      },
    });
    const read = { certificates: [material(own)], trustedCa: ca.cert, crl: undefined, ticketKeys: [] };
    const context = new ServerTlsContext(tls, tls.common.validation, read);
    server = await new TestServer(context, (socket) => (readAhead ? ended(socket) : undefined)).start();
  });
  after(() => server.close());

  /** The end of the handshake of a client that does `talk`; its socket on the server is gone then. */
  async function endOf(talk: (socket: Socket) => Promise<void>): Promise<Outcome> {
    const counted = server.outcomes.length;
    const [outcome, accepted] = [server.next(), server.accepted()];
    const socket = connectPlain(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const theirs = await accepted;
    const closed = new Promise((resolve) => theirs.once('close', resolve));
    await talk(socket);
    socket.resume();
    const result = await outcome;
    await closed;
    assert.equal(server.outcomes.length, counted + 1);
    return result;
  }

  /** Nobody was verified, and nothing was wrong but that the client left. */
  const left = {
    reason: 'remote close',
    plaintext: undefined,
    verification: undefined,
    closedByPeer: true,
  };
  const assertLeft = (outcome: Outcome): void => {
    assert.ok('reason' in outcome);
    // A reset is told in the system's words.
    const reason = /ECONNRESET|EPIPE|connection reset/.test(outcome.reason) ? left.reason : outcome.reason;
    assert.deepEqual({ ...outcome, reason }, left);
  };

  for (const [way, leave] of Object.entries(ways)) {
    it(`is gone when it ${way} before it says hello, inside its hello, and behind it`, async () => {
      const hello = await helloOf();
      for (const said of [hello.subarray(0, 0), hello.subarray(0, 9), hello])
        assertLeft(
          await endOf(async (socket) => {
            if (said.length > 0) await new Promise((resolve) => socket.write(said, resolve));
            leave(socket);
          }),
        );
    });

    it(`is gone when it ${way} without an answer to the server's part`, async () => {
      const hello = await helloOf();
      assertLeft(
        await endOf(async (socket) => {
          socket.write(hello);
          await once(socket, 'readable');
          leave(socket);
        }),
      );
    });

    it(`is gone when it ${way} before its own last message is on its way`, async () => {
      for (const options of [{}, client])
        assertLeft(
          await endOf(async (socket) => {
            const secured = connect({ socket, rejectUnauthorized: false, ...options });
            secured.on('error', () => undefined);
            // Node tells so before it hands that message to the socket.
            await new Promise<void>((resolve) => {
              secured.once('secureConnect', () => {
                leave(socket);
                resolve();
              });
            });
          }),
        );
    });

    it(`has its verdict where it ${way} behind the handshake`, async () => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        assert.equal(verdictOn(await leaveBehind({ ...client, maxVersion }, leave)), 'secured');
        assert.equal(verdictOn(await leaveBehind({ maxVersion }, leave)), 'fail_verify_no_cert');
      }
    });
  }

  it('is gone where its end was read ahead, with its hello', async () => {
    const hello = await helloOf();
    readAhead = true;
    assertLeft(await endOf((socket) => Promise.resolve(void socket.end(hello))));
    readAhead = false;
  });

  /** It leaves as soon as the server has judged it: its bytes are there by then. */
  async function leaveBehind(options: ConnectionOptions, leave: (socket: Socket) => void): Promise<Outcome> {
    return endOf(async (socket) => {
      const judged = server.next();
      const secured = connect({ socket, rejectUnauthorized: false, ...options });
      secured.on('error', () => undefined);
      await judged;
      leave(socket);
    });
  }
});

function verdictOn(outcome: Outcome): string | undefined {
  return 'info' in outcome ? 'secured' : outcome.verification;
}

/** Resolves when the socket's queue has bytes, and behind them the end. */
async function ended(socket: Socket): Promise<void> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  socket.unshift(bytes);
  const { _readableState: state } = socket as unknown as { readonly _readableState: { readonly ended: boolean } };
  while (!state.ended) await new Promise(setImmediate);
}

/** What a client says first. */
async function helloOf(): Promise<Buffer> {
  const said = new Promise<Buffer>((resolve) => {
    const wire = new Duplex({ read: () => undefined, write: (chunk: Buffer) => resolve(chunk) });
    connect({ socket: wire }).on('error', () => undefined);
  });
  return said;
}
