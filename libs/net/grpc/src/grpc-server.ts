import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { GrpcServices } from '@weft/core-grpc';
import { after, type Timers } from '@weft/core-runtime';
import type { GrpcTls } from './grpc-tls.ts';
import { asBuffer } from './octets.ts';
import { ServerStream, type ServerMessage } from './server-stream.ts';
import { Pieces } from './pieces.ts';

export interface GrpcServerOptions {
  readonly services: GrpcServices;
  readonly timers: Timers;
  /** The largest message that a caller may send, in bytes; beyond it the call ends with RESOURCE_EXHAUSTED. Default: 4 MiB. */
  readonly maxRequestBytes?: number;
  /** How long a connection is silent before it is pinged, in milliseconds. Default: 30,000. */
  readonly keepaliveMs?: number;
  /** How long an answer to a ping may take before the connection counts as dead, in milliseconds. Default: 10,000. */
  readonly keepaliveTimeoutMs?: number;
  /** When connections are told to go elsewhere, in milliseconds, a tenth more or less. Default: never. */
  readonly maxConnectionAgeMs?: number;
}

export interface GrpcListenAddress {
  /** `ip:port` (`[::1]:port`; port 0: the system chooses) or `unix:/path`. */
  readonly address: string;
  /** Absent: plaintext. */
  readonly tls?: GrpcTls;
}

const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
const MAX_AGE_GRACE_MS = 10_000;

/** Serves gRPC on one or more addresses. Answers may be of any size. */
export class GrpcServer {
  private readonly server: Server;
  private readonly timers: Timers;

  constructor(options: GrpcServerOptions) {
    this.timers = options.timers;
    this.server = new Server({
      'grpc.max_receive_message_length': options.maxRequestBytes ?? MAX_REQUEST_BYTES,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': options.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS,
      // Channelz keeps a history of every socket, which nobody asks us for.
      'grpc.enable_channelz': 0,
      ...(options.maxConnectionAgeMs === undefined
        ? {}
        : {
            'grpc.max_connection_age_ms': options.maxConnectionAgeMs,
            'grpc.max_connection_age_grace_ms': MAX_AGE_GRACE_MS,
          }),
    });
    for (const [path, handler] of options.services) {
      const serve = (stream: ServerDuplexStream<Uint8Array, ServerMessage>): void =>
        void new ServerStream(stream, handler);
      // A call of any kind is a stream in both directions on the wire; one-message calls are that with one message.
      this.server.register<Uint8Array, ServerMessage>(path, serve, asLibraryBuffer, (octets) => octets, 'bidi');
    }
  }

  /**
   * Listens at one more address and gives it with the port that the system chose. It accepts from then on.
   *
   * @throws Error when the address is in use or not this machine's
   */
  listen({ address, tls }: GrpcListenAddress): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, tls?.credentials ?? ServerCredentials.createInsecure(), (error, port) => {
        if (error !== null) reject(error);
        else resolve(address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${String(port)}`));
      });
    });
  }

  /** Accepts nothing more, lets calls end by themselves for `graceMs` milliseconds, and then ends them. */
  stop(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const deadline = after(this.timers, graceMs, () => {
        this.server.forceShutdown();
        // A session that was closing already waits for its peer even then.
        resolve();
      });
      this.server.tryShutdown(() => {
        deadline.cancel();
        resolve();
      });
    });
  }
}

function asLibraryBuffer(message: ServerMessage): Buffer {
  return message instanceof Pieces ? (message as unknown as Buffer) : asBuffer(message);
}
