import { OneWayStream, type GrpcChannel } from '@weft/core-grpc';
import type { Clock } from '@weft/core-runtime';
import type { MetricsServiceConfig } from './metrics-service.decode.ts';
import {
  histogramFamily,
  numberFamily,
  streamMetricsMessage,
  summaryFamily,
  type FamilyFields,
} from './metrics-service.encode.ts';
import type { StatsSink } from './stats-sink.ts';
import type { StatsStore } from './stats-store.ts';
import { DEFAULT_TAG_RULES, extractTags, type TaggedName } from './tag-extraction.ts';

export interface MetricsServiceOptions {
  readonly channel: () => GrpcChannel;
  /** The fields of the Node. */
  readonly node: object;
  readonly clock: Clock;
}

/**
 * MS: streams all stats that ever moved to a server at each flush, as Prometheus metric families. What does not get there
 * (no server, or one that does not read) is not sent again: the next flush tells the state anew.
 */
export class MetricsServiceSink implements StatsSink {
  private readonly config: MetricsServiceConfig;
  private readonly options: MetricsServiceOptions;
  private readonly stream: OneWayStream;
  private readonly names = new Map<string, TaggedName>();
  /** Where each counter was at the last flush. */
  private readonly before = new Map<string, number>();

  constructor(config: MetricsServiceConfig, options: MetricsServiceOptions) {
    this.config = config;
    this.options = options;
    this.stream = new OneWayStream({
      channel: options.channel,
      path: '/envoy.service.metrics.v3.MetricsService/StreamMetrics',
      metadata: config.service.initialMetadata,
    });
  }

  flush(store: StatsStore): void {
    const families = this.families(store);
    const size = this.config.batchSize === 0 ? families.length : this.config.batchSize;
    for (let at = 0; at < families.length; at += size) {
      const node = this.stream.fresh ? this.options.node : undefined;
      this.stream.send(streamMetricsMessage(families.slice(at, at + size), node));
    }
  }

  close(): void {
    this.stream.close();
  }

  private families(store: StatsStore): FamilyFields[] {
    const wallMs = this.options.clock.wallMs();
    const { histograms } = this.config;
    const list: FamilyFields[] = [];
    for (const { name, value, used } of store.counters())
      if (used) list.push(numberFamily(this.named(name), 'counter', this.counted(name, value), wallMs));
    for (const { name, value, used } of store.gauges())
      if (used) list.push(numberFamily(this.named(name), 'gauge', value, wallMs));
    for (const { name, interval, used } of store.histograms()) {
      if (!used) continue;
      if (histograms !== 'histogram') list.push(summaryFamily(this.named(name), interval, wallMs));
      if (histograms !== 'summary') list.push(histogramFamily(this.named(name), interval, wallMs));
    }
    return list;
  }

  private counted(name: string, value: number): number {
    if (!this.config.deltas) return value;
    const before = this.before.get(name) ?? 0;
    this.before.set(name, value);
    // Less than before: it was reset.
    return value < before ? value : value - before;
  }

  private named(name: string): TaggedName {
    let named = this.names.get(name);
    if (named === undefined) {
      named = this.config.labels ? extractTags(name, DEFAULT_TAG_RULES) : { name, tags: [] };
      this.names.set(name, named);
    }
    return named;
  }
}
