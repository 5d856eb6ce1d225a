import type { Transport, TransportClose } from '@weft/core-bytes';
import { encodeResp, errorOf, RespParser, simple, type RespReceiver, type RespValue } from '@weft/net-redis';
import type { CommandSpan, Connection, ConnectionHandler, ServerContext } from '@weft/proxy-filter-api';
import { Authentication } from './authentication.ts';
import { answerHello, answerLocally, NOAUTH } from './local-commands.ts';
import type { ClientWaiter, RedisClient, SentCommand } from './redis-client.ts';
import type { PendingRequest } from './request.ts';
import { INVALID_REQUEST, type Splitter, type SplitterWorld } from './splitter.ts';
import { Transaction } from './transaction.ts';

/** What all connections of one redis_proxy share. */
export interface RedisProxyShared extends SplitterWorld {
  readonly server: ServerContext;
  readonly splitter: Splitter;
}

const NOPROTO = errorOf('NOPROTO unsupported protocol version');

/** A command whose reply is not written yet. Replies are written in the order of their commands. */
class Pending implements PendingRequest {
  readonly sent: SentCommand[] = [];
  reply: RespValue | undefined;
  span: CommandSpan | undefined;
  private readonly connection: RedisConnection;

  constructor(connection: RedisConnection) {
    this.connection = connection;
  }
  complete(value: RespValue): void {
    this.reply = value;
    this.connection.replied();
  }
  /** The client left. */
  abandon(): void {
    for (const command of this.sent) command.cancel();
    if (this.reply === undefined) this.span?.finish('cancelled');
  }
}

/**
 * One client of a redis_proxy.
 *
 *   (RESP3: greeting ->) serving -> quitting -> closed
 */
export class RedisConnection implements ConnectionHandler, RespReceiver, ClientWaiter {
  private readonly shared: RedisProxyShared;
  private readonly transport: Transport;
  private readonly parser = new RespParser(this, { inlineCommands: true });
  private readonly authentication: Authentication;
  private readonly transaction: Transaction;
  private readonly queue: Pending[] = [];
  /** Commands behind an EXEC that is on its way. */
  private held: { readonly pending: Pending; readonly args: readonly Buffer[] }[] = [];
  private readonly fullClients = new Set<RedisClient>();
  private greeted: boolean;
  private quitting = false;
  private closed = false;
  private flushing = false;
  private behind = false;

  constructor(connection: Connection, shared: RedisProxyShared) {
    this.shared = shared;
    this.transport = connection.transport;
    this.authentication = new Authentication(shared.config);
    this.transaction = new Transaction(shared, connection.info, () => this.releaseHeld());
    this.greeted = shared.config.protocol === 2;
    shared.pool.retain();
    shared.stats.cxTotal.inc();
    shared.stats.cxActive.inc();
  }

  // ---- the client's side

  onData(chunk: Buffer): void {
    if (this.closed) return;
    const { stats } = this.shared;
    stats.rxBytesTotal.add(chunk.length);
    if (this.parser.push(chunk) === undefined) return;
    stats.cxProtocolError.inc();
    this.write([errorOf('downstream protocol error')]);
    this.leave();
  }
  onEnd(): void {
    // A client that half-closed still gets its replies.
    if (this.queue.length === 0) this.leave();
    else this.quitting = true;
  }
  onDrain(): void {
    if (!this.behind) return;
    this.behind = false;
    this.transport.resumeReading();
  }
  onClose(_close: TransportClose): void {
    const { stats } = this.shared;
    stats.cxActive.dec();
    stats.rqActive.sub(this.queue.length);
    for (const pending of this.queue.splice(0)) pending.abandon();
    this.held = [];
    this.closed = true;
    this.parser.stop();
    this.transaction.abandon();
    this.shared.pool.release();
  }
  drain(): void {
    if (this.queue.length === 0) this.drainClose();
  }

  onValue(value: RespValue): void {
    const { stats, clock } = this.shared;
    const pending = new Pending(this);
    this.queue.push(pending);
    stats.rqTotal.inc();
    stats.rqActive.inc();
    const args = commandOf(value);
    if (args === undefined) {
      this.invalid(pending);
      return;
    }
    const name = (args[0] as Buffer).toString('latin1').toLowerCase();
    if (name === 'auth') this.authenticate(args, pending);
    else if (name === 'quit') {
      this.quitting = true;
      pending.complete(simple('OK'));
    } else if (name === 'hello') this.hello(args, pending);
    else if (!this.greeted) {
      stats.rqNoproto.inc();
      pending.complete(NOPROTO);
    } else if (!this.authentication.allowed) pending.complete(NOAUTH);
    else {
      const local = answerLocally(name, args, clock);
      if (local === null) this.invalid(pending);
      else if (local !== undefined) pending.complete(local);
      else {
        pending.span = this.shared.splitter.trace(name);
        this.dispatch(args, pending);
      }
    }
  }

  // ---- replies

  /** A reply is there; what stands in front is written. */
  replied(): void {
    if (this.closed || this.flushing || this.queue[0]?.reply === undefined) return;
    // Replies that come together go out together.
    this.flushing = true;
    queueMicrotask(() => {
      this.flushing = false;
      if (!this.closed) this.flush();
    });
  }

  clientDrained(client: RedisClient): void {
    if (this.fullClients.delete(client) && !this.closed) this.transport.resumeReading();
  }

  private flush(): void {
    const { queue, shared } = this;
    let ready = 0;
    while (queue[ready]?.reply !== undefined) ready += 1;
    const done = queue.splice(0, ready);
    shared.stats.rqActive.sub(done.length);
    if (done.length > 0) this.write(done.map(({ reply }) => reply as RespValue));
    if (queue.length > 0) return;
    if (this.quitting) this.leave();
    else if (shared.server.draining) this.drainClose();
  }

  private write(values: readonly RespValue[]): void {
    const bytes = encodeResp(...values);
    this.shared.stats.txBytesTotal.add(bytes.length);
    if (this.transport.write(bytes) || this.behind) return;
    // A client that does not read its replies may not ask for more.
    this.behind = true;
    this.transport.pauseReading();
  }

  // ---- commands

  private dispatch(args: readonly Buffer[], pending: Pending): void {
    if (this.transaction.closing) {
      this.held.push({ pending, args });
      return;
    }
    const client = this.shared.splitter.start(args, pending, this.transaction);
    if (client?.full !== true || this.fullClients.has(client)) return;
    this.fullClients.add(client);
    client.tellWhenDrained(this);
    this.transport.pauseReading();
  }

  private releaseHeld(): void {
    while (this.held.length > 0 && !this.transaction.closing && !this.closed) {
      const { pending, args } = this.held.shift() as (typeof this.held)[number];
      this.dispatch(args, pending);
    }
  }

  private authenticate(args: readonly Buffer[], pending: Pending): void {
    const [, first, second] = args;
    if (first === undefined) this.invalid(pending);
    else if (second === undefined) pending.complete(this.authentication.withPassword(first));
    else pending.complete(this.authentication.withUsername(first, second));
  }

  private hello(args: readonly Buffer[], pending: Pending): void {
    const request = this.shared.splitter.counted('hello', pending);
    const answer = answerHello(args, this.shared.config.protocol, this.authentication);
    // RESP3 begins with a HELLO that asks for it.
    if (answer.kind !== 'error' && args.length > 1) this.greeted = true;
    request.finish(answer, answer.kind !== 'error');
  }

  private invalid(pending: Pending): void {
    this.shared.stats.invalidRequest.inc();
    pending.complete(INVALID_REQUEST);
  }

  private drainClose(): void {
    if (this.closed) return;
    this.shared.stats.cxDrainClose.inc();
    this.leave();
  }

  private leave(): void {
    this.parser.stop();
    this.transport.close();
  }
}

/** The arguments of a command: an array of bulks with at least one. */
function commandOf(value: RespValue): Buffer[] | undefined {
  if (value.kind !== 'array' || value.items.length === 0) return undefined;
  const args: Buffer[] = [];
  for (const item of value.items) {
    if (item.kind !== 'bulk') return undefined;
    args.push(item.bytes);
  }
  return args;
}
