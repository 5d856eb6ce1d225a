import type { TransportClose } from '@weft/core-bytes';
import { RequestHeaderMap, ResponseFlag, StreamInfo } from '@weft/core-http';
import type { RequestReceiver, ServerCodecCallbacks, ServerStream } from '@weft/core-http';
import type { Timer } from '@weft/core-runtime';
import {
  Http1ServerCodec,
  errorReplyBody,
  errorReplyText,
  http1ServerSettings,
  type Http1ServerSettings,
} from '@weft/net-h1';
import type { Connection, ConnectionHandler } from '@weft/proxy-filter-api';
import { ActiveStream, type StreamOwner } from './active-stream.ts';
import type { PreparedHcm } from './prepared.ts';

/**
 * One client connection at the connection manager: its codec, the streams on it, and how long it may live.
 *
 *   open -> draining (answers what is under way, then closes) -> closed
 */
export class HttpConnection implements ConnectionHandler, ServerCodecCallbacks, StreamOwner {
  readonly hcm: PreparedHcm;
  readonly connection: Connection;
  private readonly codec: Http1ServerCodec;
  private readonly startMs: number;
  private readonly streams = new Set<ActiveStream>();
  private requests = 0;
  private countedTxBytes = 0;
  private idleSinceMs: number;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private closing = false;
  private closedHere = false;
  private endedByClient = false;
  private activeAtEnd = false;

  constructor(hcm: PreparedHcm, connection: Connection, settings: Http1ServerSettings) {
    this.hcm = hcm;
    this.connection = connection;
    this.codec = new Http1ServerCodec(connection.transport, this, settings);
    const { runtime, config, stats } = hcm;
    this.startMs = runtime.clock.nowMs();
    this.idleSinceMs = this.startMs;
    stats.cxTotal.inc();
    stats.cxHttp1Total.inc();
    stats.cxActive.inc();
    stats.cxHttp1Active.inc();
    if (config.idleTimeoutMs > 0) this.idleTimer = runtime.timers.start(config.idleTimeoutMs, this);
    if (config.maxConnectionDurationMs > 0)
      this.durationTimer = runtime.timers.start(config.maxConnectionDurationMs, this);
  }

  // ---- bytes, called by the transport ----

  onData(chunk: Buffer): void {
    this.hcm.stats.cxRxBytes.add(chunk.length);
    this.codec.onData(chunk);
  }
  onEnd(): void {
    // The codec closes in answer to it, but the close is the client's.
    this.endedByClient ||= !this.closedHere;
    this.activeAtEnd ||= this.streams.size > 0;
    this.codec.onEnd();
  }
  onDrain(): void {
    this.codec.onDrain();
  }
  onClose(close: TransportClose): void {
    const { stats, runtime } = this.hcm;
    const active = this.activeAtEnd || this.streams.size > 0;
    const local = this.closedHere || (close.by === 'local' && !this.endedByClient);
    stats.cxDestroy.inc();
    (local ? stats.cxDestroyLocal : stats.cxDestroyRemote).inc();
    if (active) {
      stats.cxDestroyActiveRq.inc();
      (local ? stats.cxDestroyLocalActiveRq : stats.cxDestroyRemoteActiveRq).inc();
    }
    this.codec.onClose(close);
    for (const stream of [...this.streams]) stream.reset('connection termination');
    this.countTxBytes();
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    stats.cxActive.dec();
    stats.cxHttp1Active.dec();
    stats.cxLengthMs.record(runtime.clock.nowMs() - this.startMs);
  }

  // ---- called by the codec ----

  newStream(codecStream: ServerStream): RequestReceiver {
    const stream = new ActiveStream(this, codecStream);
    this.streams.add(stream);
    this.requests += 1;
    const limit = this.hcm.config.maxRequestsPerConnection;
    if (limit > 0 && this.requests >= limit && !this.closing) {
      this.hcm.stats.cxMaxRequestsReached.inc();
      this.startClosing();
    }
    return stream;
  }
  onProtocolError(details: string, refusedWith: number): void {
    const { stats, runtime } = this.hcm;
    stats.cxProtocolError.inc();
    this.closedHere = true;
    if (refusedWith !== 0) this.logRefusal(details, refusedWith);
    const logger = runtime.loggers.get('http');
    if (logger.enabled('debug'))
      logger.debug(
        `Closed ${this.connection.info.directRemoteAddress.text}: its request broke the protocol (${details}).`,
      );
  }
  onIdle(): void {
    this.idleSinceMs = this.hcm.runtime.clock.nowMs();
  }

  // ---- called by streams ----

  onResponse(): void {
    if (this.hcm.draining()) this.drain();
  }
  onStreamEnd(stream: ActiveStream): void {
    this.streams.delete(stream);
    this.countTxBytes();
  }

  // ---- lifetime ----

  drain(): void {
    if (this.closing) return;
    this.hcm.stats.cxDrainClose.inc();
    this.startClosing();
  }

  onTimer(timer: Timer): void {
    const { stats, runtime, config } = this.hcm;
    if (timer === this.durationTimer) {
      stats.cxMaxDurationReached.inc();
      this.startClosing();
      return;
    }
    const idleMs = this.streams.size > 0 ? 0 : runtime.clock.nowMs() - this.idleSinceMs;
    if (idleMs < config.idleTimeoutMs) {
      const restMs = Math.ceil((config.idleTimeoutMs - idleMs) / 1000) * 1000;
      this.idleTimer = runtime.timers.start(Math.min(restMs, config.idleTimeoutMs), this);
      return;
    }
    stats.cxIdleTimeout.inc();
    this.startClosing();
  }

  /** A request whose head could not be read is a request all the same: it is counted and logged. */
  private logRefusal(details: string, status: number): void {
    const { stats, runtime, accessLogs } = this.hcm;
    stats.rqTotal.inc();
    stats.rqHttp1Total.inc();
    stats.rqCompleted.inc();
    stats.rqByClass[Math.floor(status / 100)]?.inc();
    const nowMs = runtime.clock.nowMs();
    const info = new StreamInfo(this.connection.info, nowMs, runtime.clock.wallMs());
    info.responseCode = status;
    info.responseCodeDetails = details;
    info.bytesSent = errorReplyBody(status, details).length;
    if (info.bytesSent > 0) info.setFlag(ResponseFlag.DownstreamProtocolError);
    info.endMs = nowMs;
    for (const log of accessLogs) log.log(info, new RequestHeaderMap('', '', ''), undefined);
  }

  private startClosing(): void {
    this.closing = true;
    this.closedHere = true;
    this.codec.drain();
  }

  private countTxBytes(): void {
    const written = this.connection.transport.bytesWritten;
    this.hcm.stats.cxTxBytes.add(written - this.countedTxBytes);
    this.countedTxBytes = written;
  }
}

/** The codec's settings for one connection manager's connections, plaintext or TLS. */
export function codecSettings(hcm: PreparedHcm, scheme: 'http' | 'https'): Http1ServerSettings {
  const { config, date } = hcm;
  const errorReply = (status: number, details: string): string =>
    errorReplyText(status, `date: ${date.value}\r\nserver: ${config.serverName}\r\n`, details);
  return http1ServerSettings({ ...config.http1, scheme, errorReply });
}
