import type { Transport, TransportClose, TransportReceiver } from '@weft/core-bytes';
import {
  ResponseHeaderMap,
  type ClientStream,
  type HeaderMap,
  type RequestHeaderMap,
  type ResetReason,
  type UpstreamConnectionFacts,
  type WireBytes,
} from '@weft/core-http';
import type { ForwardAction } from '@weft/model-route';
import type { Host, HttpPoolCallbacks, PoolFailure, TcpPoolCallbacks } from '@weft/proxy-filter-api';

/** True for a CONNECT (or POST, where that is allowed) whose bytes go to the upstream as they are. */
export function endsHere({ method }: RequestHeaderMap, action: ForwardAction): boolean {
  if (method !== 'CONNECT' && method !== 'POST') return false;
  const connect = action.upgrades.get('connect')?.connect;
  return connect !== undefined && (method === 'CONNECT' || connect.allowPost);
}

const EMPTY = Buffer.alloc(0);

/**
 * A CONNECT that ends here: to the router a stream like any other, to the upstream a connection with the bytes of the
 * tunnel and nothing of HTTP. Its response head is made as soon as the request's has come. Source: Envoy's TcpUpstream.
 */
export class TcpUpstream implements TcpPoolCallbacks, ClientStream, TransportReceiver {
  bytes: WireBytes | undefined;
  private readonly owner: HttpPoolCallbacks;
  private transport: Transport | undefined;
  private over = false;
  private requestEnded = false;
  private responseEnded = false;

  constructor(owner: HttpPoolCallbacks) {
    this.owner = owner;
  }

  // ---- called by the pool

  onPoolReady(transport: Transport, host: Host, connection: UpstreamConnectionFacts): void {
    this.transport = transport;
    transport.setReceiver(this);
    this.owner.onPoolReady(this, host, connection);
  }
  onPoolFailure(failure: PoolFailure): void {
    this.owner.onPoolFailure(failure);
  }

  // ---- the tunnel's bytes to the upstream

  headers(_headers: RequestHeaderMap, end: boolean): void {
    this.owner.headers(new ResponseHeaderMap(200), false);
    if (end) this.endRequest();
  }
  data(chunk: Buffer, end: boolean): boolean {
    const { transport } = this;
    if (transport === undefined || this.over || this.requestEnded) return true;
    if (this.bytes !== undefined) this.bytes.sent += chunk.length;
    const more = chunk.length === 0 || transport.write(chunk);
    if (end) this.endRequest();
    return more;
  }
  /** Bytes have no trailers: only the end is passed on. */
  trailers(_trailers: HeaderMap): void {
    if (!this.over) this.endRequest();
  }
  reset(_reason: ResetReason): void {
    this.over = true;
    this.transport?.destroy();
  }
  pause(): void {
    this.transport?.pauseReading();
  }
  resume(): void {
    this.transport?.resumeReading();
  }

  private endRequest(): void {
    if (this.requestEnded) return;
    this.requestEnded = true;
    this.transport?.end();
  }

  // ---- the tunnel's bytes from the upstream, called by the transport

  onData(chunk: Buffer): void {
    if (this.over) return;
    if (this.bytes !== undefined) this.bytes.received += chunk.length;
    this.owner.data(chunk, false);
  }
  onEnd(): void {
    if (this.over || this.responseEnded) return;
    this.responseEnded = true;
    this.owner.data(EMPTY, true);
  }
  onDrain(): void {
    if (!this.over) this.owner.drained();
  }
  onClose(_close: TransportClose): void {
    if (this.over) return;
    this.over = true;
    if (!this.responseEnded) this.owner.reset('connection termination');
  }
}
