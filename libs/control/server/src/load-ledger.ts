import type { Clock } from '@weft/core-runtime';
import type { ClusterLoad, LoadReportSink, LoadReportWish, XdsNode } from '@weft/xds-server';

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
/** Proxies that are gone are forgotten after this long. */
const KEPT_MS = 3_600_000;

/** Load reports, added up: who calls whom, and how it ends (`weft edges`). */
export class LoadLedger implements LoadReportSink {
  private readonly clock: Clock;
  private readonly byProxy = new Map<string, Map<string, ClusterTraffic>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  wish(): LoadReportWish {
    return { clusters: 'all', intervalMs: INTERVAL_MS };
  }

  onLoad({ id }: XdsNode, loads: readonly ClusterLoad[]): void {
    let clusters = this.byProxy.get(id);
    if (clusters === undefined) this.byProxy.set(id, (clusters = new Map()));
    const now = this.clock.wallMs();
    for (const { cluster, localities, dropped } of loads) {
      const before = clusters.get(cluster);
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
    this.forget(now);
  }

  /** By proxy and cluster. */
  all(): readonly ClusterTraffic[] {
    return [...this.byProxy.values()].flatMap((clusters) => [...clusters.values()]);
  }

  private forget(now: number): void {
    for (const [id, clusters] of this.byProxy) {
      for (const [name, { lastReportMs }] of clusters) if (now - lastReportMs > KEPT_MS) clusters.delete(name);
      if (clusters.size === 0) this.byProxy.delete(id);
    }
  }
}

function sum(localities: ClusterLoad['localities'], of: 'succeeded' | 'failed' | 'inProgress'): number {
  return localities.reduce((total, locality) => total + locality[of], 0);
}
