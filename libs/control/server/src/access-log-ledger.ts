import type { LoggedCall } from '@weft/control-debug';
import type { Clock } from '@weft/core-runtime';
import type { AccessLogBatch, AccessLogSink, XdsNode } from '@weft/xds-server';
import type { ControlPlaneMetrics } from './metrics.ts';
import { NodeRecords } from './node-records.ts';

/** How many entries of a proxy are kept, */
const MAX_ENTRIES = 100;
/** how many characters of them, */
const MAX_CHARS = 64 * 1024;
/** and how many of all proxies together: with thousands of proxies each has less. */
const ALL_CHARS = 32 * 1024 * 1024;
/** Proxies that left. */
const SPARE = 100;

interface Entry {
  readonly logName: string;
  readonly receivedMs: number;
  /** JSON: what is looked at once in a while is not kept as objects. */
  readonly text: string;
}

interface Kept {
  entries: Entry[];
  chars: number;
}

export const ACCESS_LOG_METRIC = 'weft_access_log_entries';

/** What proxies send to the access log service: counted, and the last entries of each proxy kept to be looked at. */
export class AccessLogLedger implements AccessLogSink {
  private readonly clock: Clock;
  private readonly metrics: ControlPlaneMetrics;
  private readonly records: NodeRecords<Kept>;

  constructor(clock: Clock, metrics: ControlPlaneMetrics, isConnected: (nodeId: string) => boolean) {
    this.clock = clock;
    this.metrics = metrics;
    this.records = new NodeRecords(isConnected, SPARE);
  }

  onAccessLogs({ id }: XdsNode, { logName, kind, size, last }: AccessLogBatch): void {
    this.metrics.count(ACCESS_LOG_METRIC, { node: id, kind }, size);
    const kept = this.records.of(id, () => ({ entries: [], chars: 0 }));
    const receivedMs = this.clock.wallMs();
    for (const entry of last(MAX_ENTRIES)) {
      const text = JSON.stringify(entry);
      kept.entries.push({ logName, receivedMs, text });
      kept.chars += text.length;
    }
    this.trim(kept);
  }

  left(nodeId: string): void {
    this.records.left(nodeId);
  }

  /** The youngest last. */
  of(nodeId: string): readonly LoggedCall[] {
    const { entries = [] } = this.records.get(nodeId) ?? {};
    return entries.map(({ logName, receivedMs, text }) => ({
      logName,
      receivedMs,
      entry: JSON.parse(text) as LoggedCall['entry'],
    }));
  }

  private trim(kept: Kept): void {
    const room = Math.min(MAX_CHARS, ALL_CHARS / this.records.size);
    let drop = Math.max(0, kept.entries.length - MAX_ENTRIES);
    for (let i = 0; i < drop; i += 1) kept.chars -= kept.entries[i]?.text.length ?? 0;
    for (; kept.chars > room; drop += 1) kept.chars -= kept.entries[drop]?.text.length ?? 0;
    kept.entries = kept.entries.slice(drop);
  }
}
