import type { MetricFamily, MetricsSink, XdsNode } from '@weft/xds-server';
import type { ControlPlaneMetrics } from './metrics.ts';
import { NodeRecords } from './node-records.ts';

/** How many stats of a proxy are kept, */
const MAX_FAMILIES = 5000;
/** and how many of all proxies together: with thousands of proxies each has less. */
const ALL_FAMILIES = 500_000;
/** A family is one stat of Envoy's, with one sample; who sends more has what is beyond left out. */
const MAX_SAMPLES = 100;
/** Proxies that left. */
const SPARE = 100;

export const STATS_METRIC = 'weft_metrics_service_families';

/** What proxies send to the metrics service: counted, and the newest value of each of their stats kept to be looked at. */
export class StatsLedger implements MetricsSink {
  private readonly metrics: ControlPlaneMetrics;
  private readonly records: NodeRecords<Map<string, MetricFamily>>;

  constructor(metrics: ControlPlaneMetrics, isConnected: (nodeId: string) => boolean) {
    this.metrics = metrics;
    this.records = new NodeRecords(isConnected, SPARE);
  }

  onMetrics({ id }: XdsNode, families: readonly MetricFamily[]): void {
    this.metrics.count(STATS_METRIC, { node: id }, families.length);
    const kept = this.records.of(id, () => new Map<string, MetricFamily>());
    const room = Math.min(MAX_FAMILIES, ALL_FAMILIES / this.records.size);
    for (const family of families)
      if (kept.size < room || kept.has(family.name))
        kept.set(family.name, { ...family, samples: family.samples.slice(0, MAX_SAMPLES) });
  }

  left(nodeId: string): void {
    this.records.left(nodeId);
  }

  /** By name. */
  of(nodeId: string): readonly MetricFamily[] {
    return [...(this.records.get(nodeId)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
