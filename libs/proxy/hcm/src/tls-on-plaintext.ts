import { recogniseProtocol, type Transport } from '@weft/core-bytes';
import type { DownstreamConnection } from '@weft/core-http';
import type { Clock, Logger } from '@weft/core-runtime';
import type { Counter } from '@weft/core-stats';

/** A fatal `unexpected_message` in a TLS record: what a client that speaks TLS understands. */
const ALERT = Buffer.from([21, 3, 1, 0, 2, 2, 10]);
/** Such clients come in swarms: one line of log in this time. */
const LOG_INTERVAL_MS = 10_000;

/** Names clients that speak TLS to a listener of plaintext HTTP, and tells them in their own protocol. */
export class TlsOnPlaintext {
  private readonly counter: Counter;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly listener: string;
  private loggedMs = -Infinity;
  private unlogged = 0;

  constructor(listener: string, counter: Counter, world: { clock: Clock; logger: Logger }) {
    this.listener = listener;
    this.counter = counter;
    this.clock = world.clock;
    this.logger = world.logger;
  }

  /** True where the first bytes of a plaintext connection are TLS: it is refused then, and closes. */
  refuses(first: Buffer, info: DownstreamConnection, transport: Transport): boolean {
    if (first[0] !== 22 || info.tls || recogniseProtocol(first) !== 'TLS ClientHello') return false;
    this.counter.inc();
    info.terminationDetails = 'tls_on_plaintext_listener';
    transport.write(ALERT);
    transport.close();
    this.log(info.directRemoteAddress.text);
    return true;
  }

  private log(client: string): void {
    const nowMs = this.clock.nowMs();
    if (nowMs - this.loggedMs < LOG_INTERVAL_MS) {
      this.unlogged += 1;
      return;
    }
    const more = this.unlogged === 0 ? '' : ` (and ${this.unlogged} more since the last such line)`;
    this.loggedMs = nowMs;
    this.unlogged = 0;
    this.logger.warning(
      `listener "${this.listener}" speaks plaintext HTTP, but the client ${client} sent a TLS ClientHello${more}. Give the ` +
        'listener a transport_socket with a certificate, or let the client speak http.',
    );
  }
}
