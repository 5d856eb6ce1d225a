import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import type { DownstreamConnection } from '@weft/core-http';
import type { Runtime, Timer } from '@weft/core-runtime';
import { encodeCommand, RespParser, type RespReceiver, type RespValue } from '@weft/net-redis';
import type { Cluster, Host, PoolHandle, TcpPoolCallbacks } from '@weft/proxy-filter-api';
import type { RedisProxyConfig } from './config.decode.ts';
import type { UpstreamStats } from './stats.ts';

/** Whoever waits for a reply. Exactly one of the two is called, later than `send` returns, unless it is given up. */
export interface ReplyOwner {
  onReply(value: RespValue): void;
  /** The connection is lost, never was there, or was too slow. */
  onFailure(): void;
}

/** One command on its way. */
export interface SentCommand {
  /** Its reply is dropped when it comes. */
  cancel(): void;
}

/** Whoever is told that a client can take more. */
export interface ClientWaiter {
  clientDrained(client: RedisClient): void;
}

/** What clients are made from. */
export interface ClientWorld {
  readonly runtime: Runtime;
  readonly config: RedisProxyConfig;
  readonly stats: UpstreamStats;
  onClosed(client: RedisClient): void;
}

/** Where a client goes, and for whom: undefined where many share it. */
export interface ClientTarget {
  readonly cluster: Cluster;
  readonly host: Host;
  readonly downstream: DownstreamConnection | undefined;
}

class Waiting implements SentCommand {
  readonly command: string;
  readonly startMs: number;
  owner: ReplyOwner | undefined;

  constructor(command: string, owner: ReplyOwner | undefined, startMs: number) {
    this.command = command;
    this.owner = owner;
    this.startMs = startMs;
  }
  cancel(): void {
    this.owner = undefined;
  }
}

/**
 * One connection to one Redis. Commands go out in the order they come in, and so do replies: the first that waits gets the
 * next one.
 *
 *   connecting -> (greeting ->) open -> closed
 *
 * What is sent before it is open waits for that.
 */
export class RedisClient implements TcpPoolCallbacks, TransportReceiver, RespReceiver {
  readonly countsRequests = true;
  readonly target: ClientTarget;
  private readonly world: ClientWorld;
  private readonly parser = new RespParser(this);
  private state: 'connecting' | 'greeting' | 'open' | 'closed' = 'connecting';
  private transport: Transport | undefined;
  private attempt: PoolHandle | undefined;
  private waiting: Waiting[] = [];
  private out: Buffer[] = [];
  private outBytes = 0;
  private flushing = false;
  private flushTimer: Timer | undefined;
  private opTimer: Timer | undefined;
  private progressMs = 0;
  private leaving = false;
  private above = false;
  private readonly waiters = new Set<ClientWaiter>();

  constructor(target: ClientTarget, world: ClientWorld) {
    this.target = target;
    this.world = world;
  }

  /** Called once, before anything is sent. */
  connect(): void {
    const { cluster, host, downstream } = this.target;
    const asking = {
      hashKey: () => undefined,
      shouldSelectAnotherHost: () => false,
      hostSelectionRetries: 0,
      downstream,
    };
    const attempt = cluster.newConnection(host, 'default', this, asking);
    if (this.state === 'connecting') this.attempt = attempt;
  }

  get closed(): boolean {
    return this.state === 'closed';
  }
  /** More was sent than the host takes: the sender waits until it is told. */
  get full(): boolean {
    return this.above;
  }
  tellWhenDrained(waiter: ClientWaiter): void {
    this.waiters.add(waiter);
  }

  /** `command` is its name in lower case, for stats. Without an owner the reply is dropped. */
  send(command: string, bytes: Buffer, owner: ReplyOwner | undefined): SentCommand {
    const { clock, timers } = this.world.runtime;
    const nowMs = clock.nowMs();
    const waiting = new Waiting(command, owner, nowMs);
    if (this.state === 'closed') {
      queueMicrotask(() => waiting.owner?.onFailure());
      return waiting;
    }
    this.world.stats.sent(command);
    if (this.waiting.length === 0) this.progressMs = nowMs;
    this.waiting.push(waiting);
    this.opTimer ??= timers.start(this.world.config.opTimeoutMs, this);
    this.out.push(bytes);
    this.outBytes += bytes.length;
    this.flushLater();
    return waiting;
  }

  /** Closes once every reply is there. Nothing is sent any more. */
  closeWhenIdle(): void {
    this.leaving = true;
    if (this.waiting.length === 0) this.end();
  }

  /** Closes at once; those who wait are told. */
  destroy(): void {
    this.attempt?.cancel();
    this.transport?.destroy();
    this.gone();
  }

  // ---- the pool's side

  onPoolReady(transport: Transport): void {
    this.attempt = undefined;
    this.transport = transport;
    transport.setReceiver(this);
    if (this.world.config.protocol === 3) {
      this.state = 'greeting';
      transport.write(encodeCommand(['HELLO', '3']));
      return;
    }
    this.state = 'open';
    this.flush();
  }
  onPoolFailure(): void {
    this.attempt = undefined;
    this.gone();
  }

  // ---- the host's side

  onData(chunk: Buffer): void {
    // What is no RESP has no order either: nobody can be told whose reply it was.
    if (this.parser.push(chunk) !== undefined) this.destroy();
  }
  onEnd(): void {
    this.destroy();
  }
  onDrain(): void {
    this.above = false;
    this.tellWaiters();
  }
  onClose(_close: TransportClose): void {
    this.gone();
  }
  onValue(value: RespValue): void {
    if (value.kind === 'push') return;
    if (this.state === 'greeting') {
      this.greeted(value);
      return;
    }
    const nowMs = this.world.runtime.clock.nowMs();
    const waiting = this.waiting.shift();
    if (waiting === undefined) {
      this.destroy();
      return;
    }
    this.progressMs = nowMs;
    this.target.host.stats.rqSuccess += 1;
    this.world.stats.done(waiting.command, isError(value), nowMs - waiting.startMs);
    waiting.owner?.onReply(value);
    if (this.waiting.length > 0) return;
    this.opTimer?.cancel();
    this.opTimer = undefined;
    if (this.leaving) this.end();
  }

  // ---- times

  onTimer(timer: Timer): void {
    if (timer === this.flushTimer) {
      this.flushTimer = undefined;
      this.flush();
      return;
    }
    this.opTimer = undefined;
    const { clock, timers } = this.world.runtime;
    const restMs = this.world.config.opTimeoutMs - (clock.nowMs() - this.progressMs);
    if (restMs > 0) {
      this.opTimer = timers.start(Math.ceil(restMs), this);
      return;
    }
    const { cluster, host } = this.target;
    if (this.state !== 'connecting') cluster.requestStats.upstreamRqTimeout.inc();
    host.stats.rqTimeout += 1;
    this.destroy();
  }

  private greeted(value: RespValue): void {
    if (isError(value)) {
      this.world.stats.helloFailure.inc();
      this.destroy();
      return;
    }
    this.state = 'open';
    this.flush();
  }

  private flushLater(): void {
    const { maxBufferBytes, bufferFlushTimeoutMs } = this.world.config;
    if (maxBufferBytes > 0) {
      if (this.outBytes >= maxBufferBytes) this.flush();
      else this.flushTimer ??= this.world.runtime.timers.start(bufferFlushTimeoutMs, this);
      return;
    }
    // Commands that came together go out together.
    if (this.flushing) return;
    this.flushing = true;
    queueMicrotask(() => {
      this.flushing = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.state !== 'open' || this.out.length === 0) return;
    const bytes = this.out.length === 1 ? (this.out[0] as Buffer) : Buffer.concat(this.out);
    this.out = [];
    this.outBytes = 0;
    this.flushTimer?.cancel();
    this.flushTimer = undefined;
    if (this.transport?.write(bytes) === false) this.above = true;
  }

  private end(): void {
    this.attempt?.cancel();
    this.transport?.close();
    this.gone();
  }

  private gone(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.parser.stop();
    this.opTimer?.cancel();
    this.flushTimer?.cancel();
    this.world.onClosed(this);
    const { waiting } = this;
    this.waiting = [];
    const nowMs = this.world.runtime.clock.nowMs();
    for (const { command, owner, startMs } of waiting) {
      this.target.host.stats.rqError += 1;
      this.world.stats.done(command, true, nowMs - startMs);
      owner?.onFailure();
    }
    this.tellWaiters();
  }

  private tellWaiters(): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) waiter.clientDrained(this);
  }
}

export function isError(value: RespValue): boolean {
  return value.kind === 'error' || value.kind === 'bulkError';
}
