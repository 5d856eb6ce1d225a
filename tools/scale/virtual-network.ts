import type { GrpcCall, GrpcChannel, GrpcReceiver, GrpcServerReceiver, GrpcServices } from '@weft/core-grpc';
import type { Clock, Timer, TimerCallback, Timers } from '@weft/core-runtime';
import type { PiecesReceiver } from './pieces.ts';

function onPieces(receiver: PiecesReceiver, pieces: readonly Uint8Array[]): void {
  if (receiver.onPieces === undefined) receiver.onMessage(Buffer.concat(pieces));
  else receiver.onPieces(pieces);
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  /** On the server's one thread: it waits until that is free, and takes as long as it really takes. */
  readonly onServer: boolean;
  readonly run: () => void;
}

/**
 * Virtual time for one server and its proxies. A message takes `latencyMs`; the server is one thread, and what it does takes the
 * processor time that it really took, measured, whoever else is busy on the machine; the proxies cost nothing, since in truth each has a machine of its own.
 */
export class VirtualNetwork implements Clock, Timers {
  private readonly latencyMs: number;
  private readonly heap: Event[] = [];
  private orders = 0;
  private atMs = 0;
  private freeMs = 0;
  /** The processor time of this thread when the event that runs on the server began. */
  private began: number | undefined;
  /** The longest that the server did one thing. */
  longestTurnMs = 0;

  constructor(latencyMs: number) {
    this.latencyMs = latencyMs;
  }

  nowMs(): number {
    return this.began === undefined ? this.atMs : this.atMs + (threadMs() - this.began);
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs();
  }

  start(delayMs: number, owner: TimerCallback): Timer {
    let live = true;
    const timer: Timer = { cancel: () => (live = false) };
    this.post(this.nowMs() + delayMs, true, () => {
      if (live) owner.onTimer(timer);
    });
    return timer;
  }

  /** Does `task` on the server, at `atMs` or as soon as it is free. */
  onServer(atMs: number, task: () => void): void {
    this.post(atMs, true, task);
  }

  channel(services: GrpcServices): GrpcChannel {
    return { call: (path, receiver) => this.call(services, path, receiver), close: () => undefined };
  }

  /** Runs until nothing is under way, or nothing before `untilMs`. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    while ((this.heap[0]?.atMs ?? untilMs) < untilMs) {
      const event = this.take();
      if (event === undefined) break;
      if (!event.onServer) {
        this.atMs = event.atMs;
        event.run();
        continue;
      }
      this.atMs = Math.max(event.atMs, this.freeMs);
      this.began = threadMs();
      event.run();
      this.freeMs = this.nowMs();
      this.longestTurnMs = Math.max(this.longestTurnMs, this.freeMs - this.atMs);
      this.began = undefined;
    }
    this.atMs = Math.max(this.atMs, this.freeMs);
  }

  private call(services: GrpcServices, path: string, receiver: GrpcReceiver): GrpcCall {
    let server: GrpcServerReceiver | undefined;
    const toServer = (task: () => void): void => this.post(this.nowMs() + this.latencyMs, true, task);
    toServer(() => {
      server = services.get(path)?.({
        metadata: [],
        peerAddress: '127.0.0.1:1',
        peerCertificate: undefined,
        send: (message) => {
          this.post(this.nowMs() + this.latencyMs, false, () => receiver.onMessage(message));
          return true;
        },
        sendPieces: (pieces) => {
          this.post(this.nowMs() + this.latencyMs, false, () => onPieces(receiver, pieces));
          return true;
        },
        end: (status) => receiver.onEnd(status ?? { code: 0, message: '' }),
      });
    });
    return {
      send: (message) => {
        toServer(() => server?.onMessage(message));
        return true;
      },
      end: () => toServer(() => server?.onHalfClose()),
      cancel: () => toServer(() => server?.onCancelled()),
    };
  }

  private post(atMs: number, onServer: boolean, run: () => void): void {
    this.orders += 1;
    const event = { atMs, order: this.orders, onServer, run };
    const { heap } = this;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(event, heap[up] as Event)) break;
      heap[at] = heap[up] as Event;
      at = up;
    }
    heap[at] = event;
  }

  private take(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1] as Event, heap[down] as Event)) down += 1;
      if (!before(heap[down] as Event, last)) break;
      heap[at] = heap[down] as Event;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

/** Milliseconds of processor time that this thread had. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
