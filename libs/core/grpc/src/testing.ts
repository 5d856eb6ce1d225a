import type { GrpcCall, GrpcCallOptions, GrpcChannel, GrpcReceiver } from './channel.ts';
import type { GrpcServerReceiver, GrpcServices } from './service.ts';
import { GRPC_STATUS, type GrpcStatus } from './status.ts';

/**
 * A channel and a server in one memory. What one end sends waits until `deliver` is called, so that a test decides what
 * crosses when; with `eager` it arrives in the next microtask.
 */
export class InMemoryGrpc implements GrpcChannel {
  /** Every message that crossed, in order. */
  readonly wire: { readonly from: 'client' | 'server'; readonly path: string; readonly message: Uint8Array }[] = [];
  /** False: calls end at once with UNAVAILABLE, and those under way have ended. */
  private up = true;
  private readonly services: GrpcServices;
  private readonly eager: boolean;
  private readonly queue: (() => void)[] = [];
  private readonly calls = new Set<InMemoryCall>();

  constructor(services: GrpcServices, { eager = false }: { eager?: boolean } = {}) {
    this.services = services;
    this.eager = eager;
  }

  call(path: string, receiver: GrpcReceiver, options: GrpcCallOptions = {}): GrpcCall {
    const call = new InMemoryCall(this, path, receiver);
    this.calls.add(call);
    this.post(() => call.open(this.up ? this.services : undefined, options));
    return call;
  }

  /** Lets everything cross that waits, and what that leads to. */
  deliver(): void {
    for (let step = this.queue.shift(); step !== undefined; step = this.queue.shift()) step();
  }

  /** The server goes away, or comes back. */
  setUp(up: boolean): void {
    this.up = up;
    if (!up) for (const call of this.calls) call.fail({ code: GRPC_STATUS.UNAVAILABLE, message: 'the server is gone' });
  }

  close(): void {
    this.setUp(false);
  }

  /** For the calls. */
  post(step: () => void): void {
    this.queue.push(step);
    if (this.eager && this.queue.length === 1) queueMicrotask(() => this.deliver());
  }

  ended(call: InMemoryCall): void {
    this.calls.delete(call);
  }
}

class InMemoryCall implements GrpcCall {
  private readonly net: InMemoryGrpc;
  private readonly path: string;
  private readonly receiver: GrpcReceiver;
  private server: GrpcServerReceiver | undefined;
  private over = false;

  constructor(net: InMemoryGrpc, path: string, receiver: GrpcReceiver) {
    this.net = net;
    this.path = path;
    this.receiver = receiver;
  }

  open(services: GrpcServices | undefined, { metadata = [] }: GrpcCallOptions): void {
    if (this.over) return;
    if (services === undefined) return this.fail({ code: GRPC_STATUS.UNAVAILABLE, message: 'connection refused' });
    const handler = services.get(this.path);
    if (handler === undefined)
      return this.fail({ code: GRPC_STATUS.UNIMPLEMENTED, message: `there is no method ${this.path}` });
    this.server = handler({
      metadata,
      peerAddress: '127.0.0.1:1',
      peerCertificate: undefined,
      send: (message) => {
        this.net.wire.push({ from: 'server', path: this.path, message });
        this.net.post(() => this.over || this.receiver.onMessage(message));
        return true;
      },
      end: (status) => this.net.post(() => this.finish(status ?? { code: GRPC_STATUS.OK, message: '' })),
    });
  }

  send(message: Uint8Array): boolean {
    this.net.wire.push({ from: 'client', path: this.path, message });
    this.net.post(() => this.over || this.server?.onMessage(message));
    return true;
  }

  end(): void {
    this.net.post(() => this.over || this.server?.onHalfClose());
  }

  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.net.ended(this);
    this.net.post(() => this.server?.onCancelled());
  }

  /** The connection is lost: both ends hear of it. */
  fail(status: GrpcStatus): void {
    if (this.over) return;
    this.net.post(() => this.server?.onCancelled());
    this.finish(status);
  }

  private finish(status: GrpcStatus): void {
    if (this.over) return;
    this.over = true;
    this.net.ended(this);
    this.net.post(() => this.receiver.onEnd(status));
  }
}
