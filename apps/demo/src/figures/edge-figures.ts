import { edgeId, type Edge } from '../topology.ts';
import type { Quantiles, StatsSample } from './stats-sample.ts';

/** What is known of one edge of the graph. Everything is counted by a proxy; nothing is measured by the demo. */
export interface EdgeFigures {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly kind: Edge['kind'];
  /** Since the proxy started. */
  readonly total: EdgeCounts;
  /** Over the last seconds. */
  readonly perSecond: EdgeCounts;
  /** Shares of the last seconds, or of everything when nothing came; null when nothing ever came. */
  readonly successPercent: number | null;
  /** The same for single attempts: without retries both are equal. */
  readonly attemptSuccessPercent: number | null;
  /** Of the latest second with traffic, or since the start when that is long ago; milliseconds, null when nothing ever came. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly activeConnections: number;
}

export interface EdgeCounts {
  /** What the caller asked for: requests, or Redis commands. */
  readonly calls: number;
  /** What the caller saw fail. */
  readonly failures: number;
  /** What went out on the wire, retries included. */
  readonly attempts: number;
  readonly attemptFailures: number;
  readonly retries: number;
  /** Calls that a retry has saved. */
  readonly retrySuccesses: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** `samples` are of the edge's proxy, oldest first; undefined without any. */
export function edgeFigures(edge: Edge, samples: readonly StatsSample[]): EdgeFigures | undefined {
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  const total = counts(edge, last);
  const first = samples.find((sample) => counts(edge, sample).attempts <= total.attempts) ?? last;
  const before = counts(edge, first);
  const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1000);
  const recent = mapCounts(total, (value, key) => Math.max(0, value - before[key]));
  const { p50, p99 } = quantiles(edge, samples);
  const { stat, kind } = edge;
  const connections = kind === 'listener' ? `http.${stat}.downstream_cx_active` : `cluster.${stat}.upstream_cx_active`;
  return {
    id: edgeId(edge),
    from: edge.from,
    to: edge.to,
    kind,
    total,
    perSecond: first === last ? mapCounts(total, () => 0) : mapCounts(recent, (value) => value / seconds),
    successPercent: share(recent.calls, recent.failures) ?? share(total.calls, total.failures),
    attemptSuccessPercent:
      share(recent.attempts, recent.attemptFailures) ?? share(total.attempts, total.attemptFailures),
    p50Ms: p50 ?? null,
    p99Ms: p99 ?? null,
    activeConnections: last.numbers.get(connections) ?? 0,
  };
}

function share(all: number, failed: number): number | null {
  return all <= 0 ? null : Math.max(0, Math.min(100, (100 * (all - failed)) / all));
}

function mapCounts(values: EdgeCounts, map: (value: number, key: keyof EdgeCounts) => number): EdgeCounts {
  const pairs = (Object.keys(values) as (keyof EdgeCounts)[]).map((key) => [key, map(values[key], key)] as const);
  return Object.fromEntries(pairs) as unknown as EdgeCounts;
}

function counts(edge: Edge, sample: StatsSample): EdgeCounts {
  if (edge.kind === 'listener') return listenerCounts(edge.stat, sample);
  return edge.kind === 'redis' ? redisCounts(edge.stat, sample) : httpCounts(edge, sample);
}

function listenerCounts(prefix: string, { numbers }: StatsSample): EdgeCounts {
  const stat = (name: string): number => numbers.get(`http.${prefix}.${name}`) ?? 0;
  const calls = stat('downstream_rq_completed');
  const failures = stat('downstream_rq_5xx');
  return {
    calls,
    failures,
    attempts: calls,
    attemptFailures: failures,
    retries: 0,
    retrySuccesses: 0,
    bytesSent: stat('downstream_cx_rx_bytes_total'),
    bytesReceived: stat('downstream_cx_tx_bytes_total'),
  };
}

/** Commands of all names. The cluster's own bytes are those of HTTP and TCP only. */
function redisCounts(prefix: string, { numbers }: StatsSample): EdgeCounts {
  const stat = (name: string): number => numbers.get(`redis.${prefix}.${name}`) ?? 0;
  const commands = `redis.${prefix}.command.`;
  let [calls, failures] = [-stat('downstream_rq_active'), 0];
  for (const [name, value] of numbers) {
    if (!name.startsWith(commands)) continue;
    if (name.endsWith('.total')) calls += value;
    else if (name.endsWith('.error')) failures += value;
  }
  calls = Math.max(0, calls);
  return {
    calls,
    failures,
    attempts: calls,
    attemptFailures: failures,
    retries: 0,
    retrySuccesses: 0,
    bytesSent: stat('downstream_cx_rx_bytes_total'),
    bytesReceived: stat('downstream_cx_tx_bytes_total'),
  };
}

function httpCounts({ stat: cluster, caller }: Edge, { numbers }: StatsSample): EdgeCounts {
  const stat = (name: string): number => numbers.get(`cluster.${cluster}.${name}`) ?? 0;
  const attempts = stat('upstream_rq_total') - stat('upstream_rq_active');
  const answered = stat('upstream_rq_2xx') + stat('upstream_rq_3xx') + stat('upstream_rq_4xx');
  const retries = stat('upstream_rq_retry');
  const attemptFailures = Math.max(0, attempts - answered);
  const seen = (name: string): number => numbers.get(`http.${caller ?? ''}.${name}`) ?? 0;
  const own = { calls: Math.max(0, attempts - retries), failures: Math.max(0, attemptFailures - retries) };
  return {
    ...(caller === undefined ? own : { calls: seen('downstream_rq_completed'), failures: seen('downstream_rq_5xx') }),
    attempts,
    attemptFailures,
    retries,
    retrySuccesses: stat('upstream_rq_retry_success'),
    bytesSent: stat('upstream_cx_tx_bytes_total'),
    bytesReceived: stat('upstream_cx_rx_bytes_total'),
  };
}

/** Of the latest second that had any, within the window; else since the start. */
function quantiles({ kind, stat }: Edge, samples: readonly StatsSample[]): Quantiles {
  const name = timesOf(kind, stat);
  const recent = samples.map((sample) => sample.recent.get(name)).findLast((values) => values?.p50 !== undefined);
  const found = recent ?? samples.at(-1)?.overall.get(name) ?? { p50: undefined, p99: undefined };
  // Those of Redis commands are in microseconds.
  const perMs = kind === 'redis' ? 1000 : 1;
  const inMs = (value: number | undefined): number | undefined => (value === undefined ? undefined : value / perMs);
  return { p50: inMs(found.p50), p99: inMs(found.p99) };
}

function timesOf(kind: Edge['kind'], stat: string): string {
  switch (kind) {
    case 'listener':
      return `http.${stat}.downstream_rq_time`;
    case 'redis':
      return `cluster.${stat}.redis_cluster.upstream_commands.upstream_rq_time`;
    case 'http':
      return `cluster.${stat}.upstream_rq_time`;
  }
}
