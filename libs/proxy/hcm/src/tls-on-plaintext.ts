import { recogniseProtocol, type Transport } from '@weft/core-bytes';
import type { DownstreamConnection } from '@weft/core-http';
import { ThrottledLog, type Clock, type Logger } from '@weft/core-runtime';
import type { Counter } from '@weft/core-stats';

/** A fatal `unexpected_message` in a TLS record: what a client that speaks TLS understands. */
const ALERT = Buffer.from([21, 3, 1, 0, 2, 2, 10]);

/** Names clients that speak TLS to a listener of plaintext HTTP, and tells them in their own protocol. */
export class TlsOnPlaintext {
  private readonly counter: Counter;
  private readonly log: ThrottledLog;
  private readonly listener: string;

  constructor(listener: string, counter: Counter, world: { clock: Clock; logger: Logger }) {
    this.listener = listener;
    this.counter = counter;
    this.log = new ThrottledLog(world.logger, world.clock);
  }

  /** True where the first bytes of a plaintext connection are TLS: it is refused then, and closes. */
  refuses(first: Buffer, info: DownstreamConnection, transport: Transport): boolean {
    if (first[0] !== 22 || info.tls || recogniseProtocol(first) !== 'TLS ClientHello') return false;
    this.counter.inc();
    info.terminationDetails = 'tls_on_plaintext_listener';
    transport.write(ALERT);
    transport.close();
    const { text: client } = info.directRemoteAddress;
    this.log.warning(
      (more) =>
        `listener "${this.listener}" speaks plaintext HTTP, but the client ${client} sent a TLS ClientHello${more}. Give the ` +
        'listener a transport_socket with a certificate, or let the client speak http.',
    );
    return true;
  }
}
