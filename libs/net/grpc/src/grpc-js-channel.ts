import { Client, credentials, type ChannelCredentials, type ClientDuplexStream } from '@grpc/grpc-js';
import {
  GRPC_STATUS,
  type GrpcCall,
  type GrpcCallOptions,
  type GrpcChannel,
  type GrpcReceiver,
  type GrpcStatus,
} from '@weft/core-grpc';
import type { Clock } from '@weft/core-runtime';
import { toLibrary } from './call-metadata.ts';
import { asBuffer } from './octets.ts';

export interface GrpcChannelTls {
  /** Signers of the server's certificate, in PEM. Default: the system's. */
  readonly rootCa?: string;
  /** Shown to the server, in PEM, with its key. */
  readonly certificateChain?: string;
  readonly privateKey?: string;
  /** The name that the certificate must bear, sent as SNI. Default: the target's host. */
  readonly serverName?: string;
}

export interface GrpcJsChannelOptions {
  /** `host:port` or `unix:/path`. */
  readonly target: string;
  readonly clock: Clock;
  /** Absent: plaintext. */
  readonly tls?: GrpcChannelTls;
  /** How long a message of the server may be, in bytes; RESOURCE_EXHAUSTED beyond. Default: any length, as xDS needs it. */
  readonly maxReceiveBytes?: number;
  /** How long the channel waits at most before it tries a lost connection again, in milliseconds. Default: 1,000. */
  readonly maxReconnectMs?: number;
  /** How long a connection is silent before it is pinged, in milliseconds. Default: 30,000. */
  readonly keepaliveMs?: number;
}

const KEEPALIVE_MS = 30_000;
const MAX_RECONNECT_MS = 1000;
const FIRST_RECONNECT_MS = 100;

/** Calls over one connection to one server, made at the first call and again when it is lost. Messages may be of any size. */
export class GrpcJsChannel implements GrpcChannel {
  private readonly client: Client;
  private readonly clock: Clock;
  private readonly calls = new Set<ClientCall>();
  private closed = false;

  /** @throws Error when the certificate or key cannot be read */
  constructor(options: GrpcJsChannelOptions) {
    this.clock = options.clock;
    const maxReconnectMs = options.maxReconnectMs ?? MAX_RECONNECT_MS;
    this.client = new Client(options.target, credentialsOf(options.tls), {
      'grpc.max_receive_message_length': options.maxReceiveBytes ?? -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? KEEPALIVE_MS,
      'grpc.initial_reconnect_backoff_ms': Math.min(FIRST_RECONNECT_MS, maxReconnectMs),
      'grpc.max_reconnect_backoff_ms': maxReconnectMs,
      // Retries are the caller's decision; the library would hold messages back for its own.
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      // Channels to one target with different certificates must not share a connection.
      'grpc.use_local_subchannel_pool': 1,
      ...(options.tls?.serverName === undefined ? {} : { 'grpc.ssl_target_name_override': options.tls.serverName }),
    });
  }

  call(path: string, receiver: GrpcReceiver, { metadata = [], timeoutMs }: GrpcCallOptions = {}): GrpcCall {
    const call = new ClientCall(receiver, (over) => this.calls.delete(over));
    this.calls.add(call);
    if (this.closed) call.refuse({ code: GRPC_STATUS.UNAVAILABLE, message: 'the channel is closed' });
    else {
      const deadline = timeoutMs === undefined ? {} : { deadline: this.clock.wallMs() + timeoutMs };
      const same = (octets: Buffer): Uint8Array => octets;
      call.open(
        this.client.makeBidiStreamRequest<Uint8Array, Uint8Array>(path, asBuffer, same, toLibrary(metadata), deadline),
      );
    }
    return call;
  }

  close(): void {
    this.closed = true;
    for (const call of this.calls) call.abort({ code: GRPC_STATUS.UNAVAILABLE, message: 'the channel is closed' });
    this.client.close();
  }
}

class ClientCall implements GrpcCall {
  private readonly receiver: GrpcReceiver;
  private readonly forget: (call: ClientCall) => void;
  private stream: ClientDuplexStream<Uint8Array, Uint8Array> | undefined;
  private status: GrpcStatus | undefined;
  /** Everything that came was read. */
  private drained = false;
  private over = false;

  constructor(receiver: GrpcReceiver, forget: (call: ClientCall) => void) {
    this.receiver = receiver;
    this.forget = forget;
  }

  open(stream: ClientDuplexStream<Uint8Array, Uint8Array>): void {
    this.stream = stream;
    stream.on('data', (message: Uint8Array) => this.over || this.receiver.onMessage(message));
    stream.on('drain', () => this.over || this.receiver.onDrain?.());
    // `status` says the same; but an 'error' that nobody hears ends the process.
    stream.on('error', () => undefined);
    stream.on('end', () => {
      this.drained = true;
      this.finish();
    });
    stream.on('status', ({ code, details }: { code: number; details: string }) => {
      this.status = { code, message: details };
      this.finish();
    });
  }

  send(message: Uint8Array): boolean {
    if (this.over || this.stream === undefined || this.stream.writableEnded) return true;
    return this.stream.write(message);
  }

  end(): void {
    if (!this.over) this.stream?.end();
  }

  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.forget(this);
    this.stream?.cancel();
  }

  /** There is no stream: the status comes after `call` returned. */
  refuse(status: GrpcStatus): void {
    queueMicrotask(() => this.abort(status));
  }

  abort(status: GrpcStatus): void {
    if (this.over) return;
    this.cancel();
    this.receiver.onEnd(status);
  }

  /** The status may arrive before the last messages were read; the receiver hears it after them. */
  private finish(): void {
    if (this.over || this.status === undefined || !this.drained) return;
    this.over = true;
    this.forget(this);
    this.receiver.onEnd(this.status);
  }
}

function credentialsOf(tls: GrpcChannelTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(bufferOf(tls.rootCa), bufferOf(tls.privateKey), bufferOf(tls.certificateChain));
}

function bufferOf(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
