import { SERVER_METRIC, type ServerMetrics } from '@weft/xds-server';

/** What one run found. Times in milliseconds from the change to the acknowledgement, debouncing included. */
export interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all proxies together, for one change, both ways. */
  readonly wireBytes: number;
  /** How many proxies one change concerns. */
  readonly concerned: number;
  /** From the first connection until every proxy has everything. */
  readonly startMs: number;
  /** Of the server, with all proxies connected, beyond what it holds without proxies. */
  readonly memoryBytes: number;
}

/** Milliseconds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a run of the whole control plane found; times as in `Figures`, from the edit of a file or the request that registers. */
export interface ControlPlaneFigures extends Pick<Figures, 'wireBytes' | 'concerned' | 'startMs' | 'memoryBytes'> {
  readonly file: Spread;
  readonly registration: Spread;
  /** The longest time for which the event loop did nothing else, while all proxies connected. */
  readonly longestTurnMs: number;
  /** What the mesh itself takes, before any proxy connects. */
  readonly meshBytes: number;
}

/** Takes the server's own convergence times. */
export class Convergence implements ServerMetrics {
  readonly times: number[] = [];

  count(): void {
    // Counters are not what is measured here.
  }
  gauge(): void {
    // Nor are gauges.
  }
  observe(name: string, value: number): void {
    if (name === SERVER_METRIC.convergence) this.times.push(value * 1000);
  }
}

export function percentile(times: readonly number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

/** Bytes in use after collections. Needs --expose-gc. Buffers are given back on another thread, somewhat later. */
export async function heapBytes(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  for (let round = 0; round < 3; round += 1) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
