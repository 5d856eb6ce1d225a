import type { SocketGrant, SocketWish } from '@weft/proxy-filter-api';

/** A listening socket of this process. */
export interface BoundSocket {
  readonly wish: SocketWish;
  readonly worker: number;
  readonly port: number;
  readonly fd: number | undefined;
}

/** Gives a second descriptor of the same socket. */
export type Duplicate = (fd: number) => number;

/** Sockets of the process before this one. Undefined: it has none for that wish. */
export type InheritedSockets = (wish: SocketWish, worker: number) => number | undefined;

/**
 * Which socket each worker listens on. Every worker binds a TCP address for itself, with SO_REUSEPORT, and the kernel spreads
 * the connections; where the port is 0 the first worker's choice is everybody's. A Unix socket has no such option: the first
 * worker binds it, and the others listen on duplicates of its descriptor.
 */
export class SharedSockets {
  private readonly workers: number;
  private readonly duplicate: Duplicate;
  private readonly inherited: InheritedSockets;
  private readonly sockets = new Map<string, BoundSocket>();
  private waiting: { readonly key: string; resolve(socket: BoundSocket): void; reject(error: Error): void }[] = [];
  private failure: Error | undefined;

  constructor(workers: number, ways: { readonly duplicate: Duplicate; readonly inherited: InheritedSockets }) {
    this.workers = workers;
    this.duplicate = ways.duplicate;
    this.inherited = ways.inherited;
  }

  get all(): readonly BoundSocket[] {
    return [...this.sockets.values()];
  }

  async claim(wish: SocketWish, worker: number): Promise<SocketGrant> {
    const fd = this.inherited(wish, worker);
    if (fd !== undefined) return { fd };
    const isPath = !/:\d+$/.test(wish.address);
    const several = this.workers > 1;
    if (worker === 0) return several && !isPath ? { reusePort: true } : {};
    if (!isPath && !wish.address.endsWith(':0')) return { reusePort: true };
    const first = await this.ofFirstWorker(keyOf(wish, 0));
    if (!isPath) return { port: first.port, reusePort: true };
    if (first.fd === undefined) throw new Error('the descriptor of the first worker is not known');
    return { fd: this.duplicate(first.fd) };
  }

  bound(wish: SocketWish, worker: number, socket: { readonly port: number; readonly fd: number | undefined }): void {
    const key = keyOf(wish, worker);
    const bound = { wish, worker, ...socket };
    this.sockets.set(key, bound);
    for (const one of this.waiting.filter((each) => each.key === key)) one.resolve(bound);
    this.waiting = this.waiting.filter((each) => each.key !== key);
  }

  released(wish: SocketWish, worker: number): void {
    this.sockets.delete(keyOf(wish, worker));
  }

  /** The first worker cannot start: nobody is to wait for it. */
  fail(error: Error): void {
    this.failure = error;
    for (const one of this.waiting.splice(0)) one.reject(error);
  }

  private ofFirstWorker(key: string): Promise<BoundSocket> {
    const known = this.sockets.get(key);
    if (known !== undefined) return Promise.resolve(known);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.waiting.push({ key, resolve, reject }));
  }
}

function keyOf({ listener, address }: SocketWish, worker: number): string {
  return `${worker} ${listener} ${address}`;
}
