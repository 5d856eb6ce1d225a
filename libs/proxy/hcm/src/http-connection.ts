import type { TransportClose } from '@weft/core-bytes';
import {
  RequestHeaderMap,
  ResponseFlag,
  StreamInfo,
  WireBytes,
  type DownstreamConnection,
  type Protocol,
} from '@weft/core-http';
import type { RequestReceiver, ServerStream } from '@weft/core-http';
import type { Random, Timer } from '@weft/core-runtime';
import { Details, errorReplyBody, type H2cUpgrade, type Http1ServerCallbacks } from '@weft/net-h1';
import type { Connection, ConnectionHandler } from '@weft/proxy-filter-api';
import { ActiveStream, type StreamOwner } from './active-stream.ts';
import {
  codecKindOf,
  createCodec,
  http2Successor,
  sniffCodecKind,
  type CodecKind,
  type CodecSettings,
  type ConnectionCodec,
} from './connection-codec.ts';
import { HeadTimer } from './head-timer.ts';
import type { PreparedHcm } from './prepared.ts';
import { StreamList } from './stream-list.ts';

/**
 * One client connection at the connection manager: its codec, the streams on it, and how long it may live.
 *
 *   sniffing (AUTO, until the first bytes tell the protocol) -> open
 *   open -> draining (HTTP/2: told the client, still serves what it sends) -> closing (answers what is under way) -> closed
 */
export class HttpConnection implements ConnectionHandler, Http1ServerCallbacks, StreamOwner {
  readonly hcm: PreparedHcm;
  readonly connection: Connection;
  http2 = false;
  private readonly settings: CodecSettings;
  private codec: ConnectionCodec | undefined;
  /** The start of what may become an HTTP/2 preface. */
  private sniffed: Buffer | undefined;
  /** Nothing has come yet. */
  private unread = true;
  private readonly startMs: number;
  private readonly streams = new StreamList();
  private requests = 0;
  private countedTxBytes = 0;
  private idleSinceMs: number;
  private idleLimitMs: number;
  private idleTimer: Timer | undefined;
  private durationTimer: Timer | undefined;
  private drainTimer: Timer | undefined;
  private readonly headTimer: HeadTimer | undefined;
  private closing = false;
  private closedHere = false;
  private endedByClient = false;
  private activeAtEnd = false;

  constructor(hcm: PreparedHcm, connection: Connection, settings: CodecSettings) {
    this.hcm = hcm;
    this.connection = connection;
    this.settings = settings;
    const { runtime, config, stats, overload } = hcm;
    this.startMs = runtime.clock.nowMs();
    this.idleSinceMs = this.startMs;
    this.idleLimitMs = config.idleTimeoutMs;
    // One with TLS has counted since its handshake began.
    if (!connection.info.tls) {
      stats.cxTotal.inc();
      stats.cxActive.inc();
    }
    const kind = codecKindOf(config.codecType, connection.info.ssl);
    if (kind !== undefined) this.codec = this.createCodec(kind);
    if (overload !== undefined && this.idleLimitMs > 0)
      this.idleLimitMs = overload.timeoutMs('HTTP_DOWNSTREAM_CONNECTION_IDLE', this.idleLimitMs);
    if (this.idleLimitMs > 0) this.idleTimer = runtime.timers.start(this.idleLimitMs, this);
    if (config.maxConnectionDurationMs > 0)
      this.durationTimer = runtime.timers.start(
        jittered(config.maxConnectionDurationMs, config.maxConnectionDurationJitterPercent, runtime.random),
        this,
      );
    const { cxDelayedCloseTimeout } = stats;
    // What passes is its requests'.
    if (connection.streamInfo !== undefined) connection.streamInfo.downstreamBytes = new WireBytes();
    connection.transport.setDelayedClose?.(config.delayedCloseTimeoutMs, () => {
      cxDelayedCloseTimeout.inc();
      connection.info.localCloseReason = 'triggered_delayed_close_timeout';
    });
    if (config.requestHeadersTimeoutMs > 0) this.headTimer = new HeadTimer(this);
  }

  get info(): DownstreamConnection {
    return this.connection.info;
  }
  get protocol(): Protocol {
    return this.codec?.protocol ?? 'HTTP/1.1';
  }
  get activeStreams(): number {
    return this.streams.size;
  }

  // ---- bytes, called by the transport ----

  onData(chunk: Buffer): void {
    this.hcm.stats.cxRxBytes.add(chunk.length);
    if (this.unread) {
      this.unread = false;
      if (this.refusesTls(chunk)) return;
    }
    const { codec } = this;
    if (codec === undefined) {
      this.sniff(chunk);
      return;
    }
    this.headTimer?.onBytes();
    codec.onData(chunk);
  }
  onEnd(): void {
    // The codec closes in answer to it, but the close is the client's.
    this.endedByClient ||= !this.closedHere;
    this.activeAtEnd ||= this.streams.size > 0;
    if (this.codec === undefined) this.connection.transport.close();
    else this.codec.onEnd();
  }
  onDrain(): void {
    this.codec?.onDrain();
  }
  onClose(close: TransportClose): void {
    const { stats, runtime } = this.hcm;
    const active = this.activeAtEnd || this.streams.size > 0;
    const local = this.closedHere || (close.by === 'local' && !this.endedByClient);
    stats.cxDestroy.inc();
    (local ? stats.cxDestroyLocal : stats.cxDestroyRemote).inc();
    if (local) this.info.localCloseReason ??= 'deferred_close_on_drained_connection';
    if (active) {
      stats.cxDestroyActiveRq.inc();
      (local ? stats.cxDestroyLocalActiveRq : stats.cxDestroyRemoteActiveRq).inc();
    }
    this.codec?.onClose(close);
    for (const stream of this.streams.toArray()) stream.reset('connection termination');
    this.countTxBytes();
    this.idleTimer?.cancel();
    this.durationTimer?.cancel();
    this.drainTimer?.cancel();
    this.headTimer?.cancel();
    stats.cxActive.dec();
    if (this.connection.info.tls) stats.cxSslActive.dec();
    if (this.codec !== undefined) (this.http2 ? stats.cxHttp2Active : stats.cxHttp1Active).dec();
    stats.cxLengthMs.record(runtime.clock.nowMs() - this.startMs);
  }

  private refusesTls(first: Buffer): boolean {
    const { tlsOnPlaintext, stats } = this.hcm;
    if (!tlsOnPlaintext.refuses(first, this.connection.info, this.connection.transport)) return false;
    stats.cxProtocolError.inc();
    this.closedHere = true;
    return true;
  }

  private sniff(chunk: Buffer): void {
    // The chunk may be lent for this call only.
    const bytes = this.sniffed === undefined ? chunk : Buffer.concat([this.sniffed, chunk]);
    const kind = sniffCodecKind(bytes);
    if (kind === undefined) {
      this.sniffed = Buffer.from(bytes);
      return;
    }
    this.sniffed = undefined;
    this.codec = this.createCodec(kind);
    this.headTimer?.onBytes();
    this.codec.onData(bytes);
  }

  private createCodec(kind: CodecKind): ConnectionCodec {
    const { stats } = this.hcm;
    this.http2 = kind === 'http2';
    (this.http2 ? stats.cxHttp2Total : stats.cxHttp1Total).inc();
    (this.http2 ? stats.cxHttp2Active : stats.cxHttp1Active).inc();
    return createCodec(kind, this.connection, this, this.settings);
  }

  // ---- called by the codec ----

  /** Where both protocols are welcome, a plaintext client may change over (RFC 7540 section 3.2). */
  onH2cUpgrade(upgrade: H2cUpgrade): void {
    const { stats, config } = this.hcm;
    if (config.codecType !== 'AUTO' || this.connection.info.tls) return;
    this.http2 = true;
    stats.cxHttp1Active.dec();
    stats.cxHttp2Total.inc();
    stats.cxHttp2Active.inc();
    const { codec, begin } = http2Successor(upgrade, this.connection, this, this.settings);
    this.codec = codec;
    begin();
  }

  newStream(codecStream: ServerStream): RequestReceiver {
    const stream = new ActiveStream(this, codecStream, this.protocol);
    if (this.connection.streamInfo !== undefined) this.connection.streamInfo.protocol = this.protocol;
    this.streams.add(stream);
    this.requests += 1;
    this.headTimer?.cancel();
    const limit = this.hcm.config.maxRequestsPerConnection;
    if (limit > 0 && this.requests === limit && !this.closing) {
      this.hcm.stats.cxMaxRequestsReached.inc();
      this.startDrain();
    }
    return stream;
  }
  onProtocolError(details: string, refusedWith: number): void {
    const { stats, runtime } = this.hcm;
    stats.cxProtocolError.inc();
    this.closedHere = true;
    this.connection.streamInfo?.setFlag(ResponseFlag.DownstreamProtocolError);
    if (refusedWith !== 0) this.logRefusal(details, refusedWith);
    const logger = runtime.loggers.get('http');
    if (logger.enabled('debug'))
      logger.debug(
        `Closed ${this.connection.info.directRemoteAddress.text}: its request broke the protocol (${details}).`,
      );
  }
  /** A stream that ended before anybody saw it is a request all the same. */
  onRefusedHead(details: string, malformed: boolean): void {
    const { stats } = this.hcm;
    stats.rqTotal.inc();
    stats.rqHttp2Total.inc();
    stats.rqRxReset.inc();
    const info = this.refusedInfo(details);
    info.setFlag(malformed ? ResponseFlag.DownstreamProtocolError : ResponseFlag.DownstreamRemoteReset);
    this.logRefused(info);
  }
  onIdle(): void {
    this.idleSinceMs = this.hcm.runtime.clock.nowMs();
  }

  // ---- called by streams ----

  onResponse(): void {
    const { overload, stats } = this.hcm;
    if (this.hcm.draining()) this.drain();
    else if (overload !== undefined && overload.disableHttpKeepalive > 0 && !this.closing) {
      if (!overload.draw(overload.disableHttpKeepalive)) return;
      stats.cxOverloadDisableKeepalive.inc();
      this.startDrain();
    }
  }
  onStreamEnd(stream: ActiveStream): void {
    this.streams.remove(stream);
    if (this.streams.size === 0) this.idleSinceMs = this.hcm.runtime.clock.nowMs();
    this.countTxBytes();
  }

  /** The client began a head and does not end it: HTTP/1.1 can be told why. */
  onHeadTimeout(): void {
    this.hcm.stats.rqHeaderTimeout.inc();
    this.closedHere = true;
    if (!this.http2) {
      const { errorReply } = this.settings.http1;
      this.connection.transport.writeLatin1(errorReply(408, Details.requestHeaderTimeout, false));
      this.logRefusal(Details.requestHeaderTimeout, 408);
    }
    this.connection.transport.close();
  }

  // ---- lifetime ----

  drain(): void {
    if (this.closing) return;
    this.hcm.stats.cxDrainClose.inc();
    this.startDrain();
  }

  onTimer(timer: Timer): void {
    const { stats, runtime } = this.hcm;
    if (timer === this.drainTimer) {
      this.drainTimer = undefined;
      this.codec?.drain();
      return;
    }
    if (timer === this.durationTimer) {
      stats.cxMaxDurationReached.inc();
      this.startDrain();
      return;
    }
    const idleMs = this.streams.size > 0 ? 0 : runtime.clock.nowMs() - this.idleSinceMs;
    if (idleMs < this.idleLimitMs) {
      const restMs = Math.ceil((this.idleLimitMs - idleMs) / 1000) * 1000;
      this.idleTimer = runtime.timers.start(Math.min(restMs, this.idleLimitMs), this);
      return;
    }
    stats.cxIdleTimeout.inc();
    this.info.localCloseReason = 'on_idle_timeout';
    this.startDrain();
  }

  /**
   * HTTP/2 in two steps (RFC 9113 section 6.8): requests that are on their way when the client hears of it are still served.
   * HTTP/1.1 knows no other word than `connection: close`.
   */
  private startDrain(): void {
    if (this.closing) return;
    this.closing = true;
    this.closedHere = true;
    const { codec } = this;
    if (codec === undefined) {
      this.connection.transport.close();
      return;
    }
    const { config, runtime } = this.hcm;
    const drainTimeoutMs = jittered(config.drainTimeoutMs, config.drainTimeoutJitterPercent, runtime.random);
    if (!this.http2 || drainTimeoutMs === 0) {
      codec.drain();
      return;
    }
    codec.shutdownNotice();
    this.drainTimer = runtime.timers.start(drainTimeoutMs, this);
  }

  /** A request whose head could not be read is a request all the same: it is counted and logged. */
  private logRefusal(details: string, status: number): void {
    const { stats } = this.hcm;
    stats.rqTotal.inc();
    (this.http2 ? stats.rqHttp2Total : stats.rqHttp1Total).inc();
    stats.chargeResponse(status);
    stats.rqResponseBeforeComplete.inc();
    stats.rqRxReset.inc();
    const info = this.refusedInfo(details);
    info.responseCode = status;
    info.firstDownstreamTxMs = info.startMs;
    info.bytesSent = errorReplyBody(status, details).length;
    // To come too late breaks no rule.
    if (info.bytesSent > 0 && details !== Details.requestHeaderTimeout)
      info.setFlag(ResponseFlag.DownstreamProtocolError);
    this.logRefused(info);
  }

  private refusedInfo(details: string): StreamInfo {
    const { clock } = this.hcm.runtime;
    const info = new StreamInfo(this.connection.info, clock.nowMs(), clock.wallMs());
    info.protocol = this.protocol;
    info.responseCodeDetails = details;
    info.endMs = info.startMs;
    if (this.hcm.countsBytes) info.downstreamBytes = this.codec?.refusedBytes;
    return info;
  }

  private logRefused(info: StreamInfo): void {
    const unread = new RequestHeaderMap('', '', '');
    unread.scheme = '';
    for (const log of this.hcm.accessLogs) log.log(info, unread, undefined);
  }

  private countTxBytes(): void {
    const written = this.connection.transport.bytesWritten;
    this.hcm.stats.cxTxBytes.add(written - this.countedTxBytes);
    this.countedTxBytes = written;
  }
}

/** `ms`, and up to `percent` of it more. */
function jittered(ms: number, percent: number, random: Random): number {
  return percent === 0 ? ms : ms + random.below(Math.floor((ms * percent) / 100) + 1);
}
