import { GRPC_STATUS, type GrpcCall, type GrpcMetadata, type GrpcReceiver, type GrpcStatus } from '@weft/core-grpc';
import {
  RequestHeaderMap,
  type ClientStream,
  type HeaderMap,
  type ResetReason,
  type ResponseHeaderMap,
} from '@weft/core-http';
import { after, type Timer, type Timers } from '@weft/core-runtime';
import type { Cluster, Host, HttpPoolCallbacks, PoolFailure, PoolHandle } from '@weft/proxy-filter-api';
import { framed, MessageReader } from './message-reader.ts';
import { statusIn, statusOfHttp, statusOfReset } from './status-of.ts';

/** What a call begins with. */
export interface CallHead {
  readonly path: string;
  readonly authority: string;
  readonly metadata: GrpcMetadata;
  readonly timeoutMs: number | undefined;
  /** The address that this proxy is told by, for `x-forwarded-for`; undefined: nothing is told of the proxy. */
  readonly localIp: string | undefined;
  /** How long a message of the server may be; undefined: any length. */
  readonly maxReceiveBytes: number | undefined;
}

/** What may wait for a connection; who calls is told to wait beyond. */
const MAX_QUEUED_BYTES = 64 * 1024;

/** What a call asks of its channel. */
export interface CallWorld {
  readonly timers: Timers;
  over(call: ClusterGrpcCall): void;
}

/**
 * One call over a stream of a cluster. Waiting -> Open -> Over; what is sent while it waits goes out when it opens.
 */
export class ClusterGrpcCall implements GrpcCall, HttpPoolCallbacks {
  over = false;
  /** The caller does not have the call yet, so it hears nothing. */
  private starting = true;
  private cluster: Cluster | undefined;
  private host: Host | undefined;
  private readonly head: CallHead;
  private readonly receiver: GrpcReceiver;
  private readonly world: CallWorld;
  private readonly reader: MessageReader;
  private readonly deadline: Timer | undefined;
  private waiting: PoolHandle | undefined;
  private stream: ClientStream | undefined;
  private queued: Buffer[] = [];
  private queuedBytes = 0;
  private halfClosed = false;
  private responseStatus = 0;
  /** The HTTP status was 200 and the content gRPC's. */
  private isGrpc = false;

  constructor(head: CallHead, receiver: GrpcReceiver, world: CallWorld) {
    this.head = head;
    this.receiver = receiver;
    this.world = world;
    this.reader = new MessageReader((message) => {
      if (!this.over) receiver.onMessage(message);
    }, head.maxReceiveBytes);
    this.deadline = head.timeoutMs === undefined ? undefined : world.timers.start(head.timeoutMs, this);
  }

  // ---- the caller ----

  send(message: Uint8Array): boolean {
    if (this.over || this.halfClosed) return true;
    const frame = framed(message);
    if (this.stream !== undefined) return this.stream.data(frame, false);
    this.queued.push(frame);
    this.queuedBytes += frame.length;
    return this.queuedBytes <= MAX_QUEUED_BYTES;
  }

  end(): void {
    if (this.over || this.halfClosed) return;
    this.halfClosed = true;
    this.stream?.data(Buffer.alloc(0), true);
  }

  cancel(): void {
    if (this.over) return;
    this.finish();
    this.leave();
  }

  // ---- the channel ----

  /** The caller has the call. */
  started(): void {
    this.starting = false;
  }

  /** Asks a host of the cluster for a stream. */
  open(cluster: Cluster, host: Host): void {
    this.cluster = cluster;
    this.host = host;
    const handle = cluster.newStream(host, 'default', this);
    if (!this.over && this.stream === undefined) this.waiting = handle;
  }

  /** Ends the call from this side: the caller hears of it. */
  fail(status: GrpcStatus): void {
    if (this.over) return;
    if (this.starting) {
      after(this.world.timers, 0, () => this.fail(status));
      return;
    }
    this.finish();
    this.leave();
    this.receiver.onEnd(status);
  }

  onTimer(): void {
    if (this.stream !== undefined || this.waiting !== undefined) {
      this.cluster?.requestStats.upstreamRqTimeout.inc();
      if (this.host !== undefined) this.host.stats.rqTimeout += 1;
      if (this.responseStatus === 0) this.charge(504);
    }
    this.fail({
      code: GRPC_STATUS.DEADLINE_EXCEEDED,
      message: `the call took longer than ${this.head.timeoutMs} ms`,
    });
  }

  // ---- the pool ----

  onPoolReady(stream: ClientStream): void {
    this.stream = stream;
    const { path, authority, metadata, timeoutMs, localIp } = this.head;
    const headers = new RequestHeaderMap('POST', path, authority, [
      'te',
      'trailers',
      'content-type',
      'application/grpc',
    ]);
    if (timeoutMs !== undefined) headers.add('grpc-timeout', `${Math.ceil(timeoutMs)}m`);
    if (localIp !== undefined) {
      headers.add('x-envoy-internal', 'true');
      headers.add('x-forwarded-for', localIp);
    }
    if (timeoutMs !== undefined) headers.add('x-envoy-expected-rq-timeout-ms', String(Math.ceil(timeoutMs)));
    for (const [name, value] of metadata) headers.add(name, value);
    stream.headers(headers, false);
    const { queued } = this;
    this.queued = [];
    let room = true;
    for (const frame of queued) room = stream.data(frame, false);
    if (this.halfClosed) stream.data(Buffer.alloc(0), true);
    else if (room && this.queuedBytes > MAX_QUEUED_BYTES) this.drained();
  }

  onPoolFailure({ reason, details }: PoolFailure): void {
    if (!this.over) this.charge(503);
    const message = details === '' ? `cannot connect: ${reason}` : `cannot connect: ${reason}, ${details}`;
    this.fail({ code: GRPC_STATUS.UNAVAILABLE, message });
  }

  // ---- the response ----

  informational(): void {
    // gRPC gives interim responses no meaning.
  }

  headers(headers: ResponseHeaderMap, end: boolean): void {
    this.responseStatus = headers.status;
    this.charge(headers.status);
    this.isGrpc = headers.status === 200 && (headers.get('content-type') ?? '').startsWith('application/grpc');
    if (end) this.complete(statusIn(headers));
    // A proxy on the way answered in gRPC's place: its body is for people.
    else if (!this.isGrpc) this.fail(statusIn(headers) ?? statusOfHttp(headers.status));
  }

  data(chunk: Buffer, end: boolean): boolean {
    if (this.over) return true;
    const fault = this.reader.read(chunk);
    if (fault !== undefined) this.fail(fault);
    else if (end) this.complete(undefined);
    return true;
  }

  trailers(trailers: HeaderMap): void {
    this.complete(statusIn(trailers));
  }

  reset(reason: ResetReason): void {
    this.stream = undefined;
    if (!this.over && this.responseStatus === 0) this.charge(503);
    this.fail(statusOfReset(reason));
  }

  drained(): void {
    if (!this.over) this.receiver.onDrain?.();
  }

  /** The server has said all. */
  private complete(status: GrpcStatus | undefined): void {
    if (this.over) return;
    const torn = status?.code === GRPC_STATUS.OK && !this.reader.empty;
    const ended = torn
      ? { code: GRPC_STATUS.INTERNAL, message: 'the response ended within a message' }
      : (status ??
        (this.isGrpc
          ? { code: GRPC_STATUS.UNKNOWN, message: 'the response ended without grpc-status' }
          : statusOfHttp(this.responseStatus)));
    const { stream } = this;
    this.finish();
    // The server is done with the call; what this side has still open is of no use to it.
    if (!this.halfClosed) stream?.reset('local reset');
    this.receiver.onEnd(ended);
  }

  /** As of a request of the proxy's own, which Envoy calls internal. */
  private charge(status: number): void {
    this.cluster?.requestStats.chargeResponse(status, true);
    if (this.host === undefined) return;
    if (status < 500) this.host.stats.rqSuccess += 1;
    else this.host.stats.rqError += 1;
  }

  private finish(): void {
    this.over = true;
    this.deadline?.cancel();
    this.world.over(this);
  }

  private leave(): void {
    this.waiting?.cancel();
    this.stream?.reset('local reset');
  }
}
