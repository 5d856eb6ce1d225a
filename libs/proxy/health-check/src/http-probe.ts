import { RequestHeaderMap, type ClientStream, type HeaderMap, type ResponseHeaderMap } from '@weft/core-http';
import { ANY_HOST, type Cluster, type Host, type HttpPoolCallbacks, type PoolHandle } from '@weft/proxy-filter-api';
import type { GrpcCheck, HttpCheck } from './health-check.ts';
import type { Probe, ProbeOutcome, ProbeOwner } from './probe.ts';

const USER_AGENT = 'Weft/HC';

/** One request to one host: waiting -> sent -> over. */
abstract class RequestProbe implements Probe, HttpPoolCallbacks {
  protected readonly cluster: Cluster;
  private readonly host: Host;
  private readonly owner: ProbeOwner;
  private waiting: PoolHandle | undefined;
  private stream: ClientStream | undefined;
  private over = false;

  constructor(cluster: Cluster, host: Host, owner: ProbeOwner) {
    this.cluster = cluster;
    this.host = host;
    this.owner = owner;
  }

  start(): void {
    const handle = this.cluster.newStream(this.host, 'default', this, ANY_HOST);
    if (!this.over && this.stream === undefined) this.waiting = handle;
  }

  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.waiting?.cancel();
    this.stream?.reset('local reset');
  }

  onPoolReady(stream: ClientStream): void {
    this.waiting = undefined;
    this.stream = stream;
    this.send(stream);
  }
  onPoolFailure(): void {
    this.done('network');
  }
  informational(): void {
    // The final response follows.
  }
  abstract headers(headers: ResponseHeaderMap, end: boolean): void;
  abstract data(chunk: Buffer, end: boolean): boolean;
  abstract trailers(trailers: HeaderMap): void;
  reset(): void {
    this.done('network');
  }
  drained(): void {
    // Requests are small.
  }

  protected abstract send(stream: ClientStream): void;

  /** `whole`: the response is; else the rest of it is not waited for. */
  protected done(outcome: ProbeOutcome, whole = true): void {
    if (this.over) return;
    this.over = true;
    if (!whole) this.stream?.reset('local reset');
    this.owner.onProbe(outcome);
  }
}

export class HttpProbe extends RequestProbe {
  private readonly check: HttpCheck;
  private outcome: ProbeOutcome = 'unhealthy';

  constructor(check: HttpCheck, around: { cluster: Cluster; host: Host }, owner: ProbeOwner) {
    super(around.cluster, around.host, owner);
    this.check = check;
  }

  override headers(headers: ResponseHeaderMap, end: boolean): void {
    this.outcome = this.judge(headers);
    if (end) this.done(this.outcome);
  }
  override data(_chunk: Buffer, end: boolean): boolean {
    if (end) this.done(this.outcome);
    return true;
  }
  override trailers(): void {
    this.done(this.outcome);
  }

  protected override send(stream: ClientStream): void {
    const { method, path, host } = this.check;
    stream.headers(new RequestHeaderMap(method, path, host || this.cluster.name, ['user-agent', USER_AGENT]), true);
  }

  private judge(headers: ResponseHeaderMap): ProbeOutcome {
    const { status } = headers;
    const { expected, retriable } = this.check;
    const within = (ranges: HttpCheck['expected']): boolean =>
      ranges.some(([from, to]) => status >= from && status < to);
    if (headers.has('x-envoy-immediate-health-check-fail')) return 'unhealthy';
    if (within(expected)) return headers.has('x-envoy-degraded') ? 'degraded' : 'healthy';
    return within(retriable) ? 'failed' : 'unhealthy';
  }
}

const FRAME_HEAD_BYTES = 5;
/** grpc.health.v1.HealthCheckResponse.status is SERVING: field 1, a varint. */
const SERVING = Buffer.from([0x08, 0x01]);

/** `grpc.health.v1.Health/Check`. */
export class GrpcProbe extends RequestProbe {
  private readonly check: GrpcCheck;
  private readonly chunks: Buffer[] = [];

  constructor(check: GrpcCheck, around: { cluster: Cluster; host: Host }, owner: ProbeOwner) {
    super(around.cluster, around.host, owner);
    this.check = check;
  }

  override headers(headers: ResponseHeaderMap, end: boolean): void {
    if (headers.status !== 200 || end) this.done('failed', end);
  }
  override data(chunk: Buffer, end: boolean): boolean {
    this.chunks.push(Buffer.from(chunk));
    // A server that speaks gRPC ends with trailers.
    if (end) this.done('failed');
    return true;
  }
  override trailers(trailers: HeaderMap): void {
    const serving = Buffer.concat(this.chunks).subarray(FRAME_HEAD_BYTES).equals(SERVING);
    this.done(serving && trailers.get('grpc-status') === '0' ? 'healthy' : 'failed');
  }

  protected override send(stream: ClientStream): void {
    const { service, authority } = this.check;
    const headers = ['content-type', 'application/grpc', 'te', 'trailers', 'user-agent', USER_AGENT];
    stream.headers(
      new RequestHeaderMap('POST', '/grpc.health.v1.Health/Check', authority || this.cluster.name, headers),
      false,
    );
    stream.data(healthRequest(service), true);
  }
}

/** HealthCheckRequest { service = 1 }, framed. Names above 127 bytes need a longer length. */
function healthRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const length = name.length < 128 ? [name.length] : [(name.length & 0x7f) | 0x80, name.length >> 7];
  const message = service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...length]), name]);
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
