import { connect, type Socket } from 'node:net';

const TICK_MS = 5;
const MOST_CONNECTIONS = 256;
const REQUEST = 'GET / HTTP/1.1\r\nhost: load\r\n\r\n';

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** How often each failure came: a status other than 200, a connection that ended before its answer. */
  readonly failures: ReadonlyMap<string, number>;
  /** How often each body came. */
  readonly bodies: ReadonlyMap<string, number>;
  /** The time that 99 of 100 answers took at most, in milliseconds. */
  readonly p99Ms: number;
}

/**
 * So many requests in each second, whatever becomes of those before: each on an idle kept-alive connection, or on a new one.
 * None is repeated.
 */
export class SteadyLoad {
  private readonly port: number;
  private readonly perSecond: number;
  private readonly idle: LoadConnection[] = [];
  private readonly all = new Set<LoadConnection>();
  private readonly ticking: NodeJS.Timeout;
  private readonly began = performance.now();
  private readonly failures = new Map<string, number>();
  private readonly bodies = new Map<string, number>();
  private readonly tookMs: number[] = [];
  private haltedMs: number | undefined;
  private sent = 0;
  private underWay = 0;
  private onQuiet: (() => void) | undefined;

  constructor(port: number, perSecond: number) {
    this.port = port;
    this.perSecond = perSecond;
    this.ticking = setInterval(() => this.tick(), TICK_MS);
  }

  /** No more requests. */
  halt(): void {
    clearInterval(this.ticking);
    this.haltedMs ??= performance.now();
  }

  /** Lets what is under way end. */
  async stop(): Promise<LoadResult> {
    this.halt();
    const seconds = ((this.haltedMs ?? 0) - this.began) / 1000;
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.onQuiet = resolve));
    for (const connection of this.all) connection.close();
    const { sent: requests, failures, bodies } = this;
    const sorted = this.tookMs.sort((a, b) => a - b);
    return { requests, seconds, failures, bodies, p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
  }

  answered(connection: LoadConnection, { status, body, tookMs, reusable }: LoadAnswer): void {
    if (status === 200) count(this.bodies, body);
    else count(this.failures, `${status} ${body}`);
    this.tookMs.push(tookMs);
    if (reusable) this.idle.push(connection);
    else connection.close();
    this.ended();
  }

  broke(why: string): void {
    count(this.failures, why);
    this.ended();
  }

  gone(connection: LoadConnection): void {
    this.all.delete(connection);
    const at = this.idle.indexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
  }

  private tick(): void {
    const due = Math.floor(((performance.now() - this.began) / 1000) * this.perSecond) - this.sent;
    for (let i = 0; i < due; i += 1) {
      let connection = this.idle.pop();
      if (connection === undefined) {
        if (this.all.size >= MOST_CONNECTIONS) return;
        connection = new LoadConnection(this, this.port);
        this.all.add(connection);
      }
      this.sent += 1;
      this.underWay += 1;
      connection.request();
    }
  }

  private ended(): void {
    this.underWay -= 1;
    if (this.underWay === 0) this.onQuiet?.();
  }
}

interface LoadAnswer {
  readonly status: number;
  readonly body: string;
  readonly tookMs: number;
  readonly reusable: boolean;
}

class LoadConnection {
  private readonly owner: SteadyLoad;
  private readonly socket: Socket;
  private text = '';
  private sentMs = 0;
  private waits = false;

  constructor(owner: SteadyLoad, port: number) {
    this.owner = owner;
    this.socket = connect(port, '127.0.0.1').setEncoding('latin1').setNoDelay(true);
    this.socket.on('data', (text: string) => this.read(text));
    this.socket.on('error', (error) => this.lost(error.message));
    this.socket.on('close', () => this.lost('the connection was closed before the answer'));
  }

  request(): void {
    this.waits = true;
    this.sentMs = performance.now();
    this.socket.write(REQUEST);
  }

  close(): void {
    this.owner.gone(this);
    this.socket.destroy();
  }

  private read(text: string): void {
    this.text += text;
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.text.slice(0, end).toLowerCase();
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? Number.NaN);
    if (!(this.text.length >= end + 4 + length)) return;
    const body = this.text.slice(end + 4);
    this.text = '';
    this.waits = false;
    const tookMs = performance.now() - this.sentMs;
    const reusable = !head.includes('\r\nconnection: close');
    this.owner.answered(this, { status: Number(head.slice(9, 12)), body, tookMs, reusable });
  }

  private lost(why: string): void {
    this.owner.gone(this);
    if (!this.waits) return;
    this.waits = false;
    this.owner.broke(why);
  }
}

function count(of: Map<string, number>, what: string): void {
  of.set(what, (of.get(what) ?? 0) + 1);
}
