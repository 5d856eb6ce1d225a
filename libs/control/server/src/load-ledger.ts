import type { Clock } from '@weft/core-runtime';
import type { ClusterLoad, LoadReportSink, LoadReportWish, XdsNode } from '@weft/xds-server';
import { NodeRecords } from './node-records.ts';

/** What one proxy sent to one cluster, since the control plane knows of it. */
export interface ClusterTraffic {
  readonly proxyId: string;
  readonly cluster: string;
  readonly succeeded: number;
  readonly failed: number;
  readonly dropped: number;
  /** Requests under way at the last report. */
  readonly inProgress: number;
  /** Wall clock, in milliseconds. */
  readonly lastReportMs: number;
}

const INTERVAL_MS = 10_000;
/** What was not reported of for so long is forgotten. */
const KEPT_MS = 3_600_000;
/** Of one proxy: what it reports beyond is not taken. */
const MAX_CLUSTERS = 20_000;

/** Load reports, added up: who calls whom, and how it ends (`weft edges`). */
export class LoadLedger implements LoadReportSink {
  private readonly clock: Clock;
  private readonly records: NodeRecords<Map<string, ClusterTraffic>>;

  /** `isConnected`: proxies that have a stream; of others only the last thousand are kept. */
  constructor(clock: Clock, isConnected: (nodeId: string) => boolean) {
    this.clock = clock;
    this.records = new NodeRecords(isConnected);
  }

  wish(): LoadReportWish {
    return { clusters: 'all', intervalMs: INTERVAL_MS };
  }

  onLoad({ id }: XdsNode, loads: readonly ClusterLoad[]): void {
    const clusters = this.records.of(id, () => new Map<string, ClusterTraffic>());
    const now = this.clock.wallMs();
    for (const [name, { lastReportMs }] of clusters) if (now - lastReportMs > KEPT_MS) clusters.delete(name);
    for (const { cluster, localities, dropped } of loads) {
      const before = clusters.get(cluster);
      if (before === undefined && clusters.size >= MAX_CLUSTERS) continue;
      clusters.set(cluster, {
        proxyId: id,
        cluster,
        succeeded: (before?.succeeded ?? 0) + sum(localities, 'succeeded'),
        failed: (before?.failed ?? 0) + sum(localities, 'failed'),
        dropped: (before?.dropped ?? 0) + dropped,
        inProgress: sum(localities, 'inProgress'),
        lastReportMs: now,
      });
    }
  }

  left(nodeId: string): void {
    this.records.left(nodeId);
  }

  /** By proxy and cluster. */
  all(): readonly ClusterTraffic[] {
    const since = this.clock.wallMs() - KEPT_MS;
    return [...this.records.values()].flatMap((clusters) =>
      [...clusters.values()].filter(({ lastReportMs }) => lastReportMs >= since),
    );
  }
}

function sum(localities: ClusterLoad['localities'], of: 'succeeded' | 'failed' | 'inProgress'): number {
  return localities.reduce((total, locality) => total + locality[of], 0);
}
