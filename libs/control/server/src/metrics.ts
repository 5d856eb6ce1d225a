import type { MetricLabels, ServerMetrics } from '@weft/xds-server';
import { KNOWN_METRICS, type KnownMetric } from './known-metrics.ts';

/** Upper bounds of distributions, in seconds (octets for sizes); +Inf comes after them. */
const BUCKETS: readonly number[] = [0.01, 0.1, 0.5, 1, 3, 5, 10, 20, 30];
const SIZE_BUCKETS: readonly number[] = [1, 10_000, 1_000_000, 4_000_000, 10_000_000, 40_000_000];

/** Of one name: beyond, what has labels that are new is added up without any. */
const MAX_SERIES = 10_000;
const NO_LABELS = '{}';

/** One line of a page of metrics, from somebody who keeps his own numbers. */
interface MetricLine {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly labels: MetricLabels;
  readonly value: number;
}

interface Series {
  readonly labels: MetricLabels;
  value: number;
  /** Distributions: how many values were at most each bound. */
  readonly counts: number[];
  sum: number;
}

interface Family {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly bounds: readonly number[];
  readonly series: Map<string, Series>;
}

/** The control plane's own numbers, and the page that Prometheus reads. */
export class ControlPlaneMetrics implements ServerMetrics {
  private readonly families = new Map<string, Family>();
  /** Series with a label `node`. */
  private readonly byNode = new Map<string, readonly { readonly family: Family; readonly key: string }[]>();

  private readonly help: ReadonlyMap<string, string>;

  constructor(known: readonly KnownMetric[] = KNOWN_METRICS) {
    this.help = new Map(known.map(({ name, help }) => [name, help]));
    for (const { name, kind, zero = [] } of known) for (const labels of zero) this.series(name, kind, labels);
  }

  count(name: string, labels: MetricLabels = {}, amount = 1): void {
    this.series(name, 'counter', labels).value += amount;
  }

  gauge(name: string, value: number, labels: MetricLabels = {}): void {
    this.series(name, 'gauge', labels).value = value;
  }

  observe(name: string, value: number, labels: MetricLabels = {}): void {
    const series = this.series(name, 'histogram', labels);
    series.value += 1;
    series.sum += value;
    (this.families.get(name) as Family).bounds.forEach((bound, i) => {
      if (value <= bound) series.counts[i] = (series.counts[i] ?? 0) + 1;
    });
  }

  /** What was counted for a node that left: its series end. */
  forgetNode(id: string): void {
    for (const { family, key } of this.byNode.get(id) ?? []) family.series.delete(key);
    this.byNode.delete(id);
  }

  /** The text format of Prometheus, version 0.0.4. */
  page(others: readonly MetricLine[] = []): string {
    const lines: string[] = [];
    for (const [name, family] of [...this.families].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const help = this.help.get(name);
      lines.push(...(help === undefined ? [] : [`# HELP ${name} ${help}`]), `# TYPE ${name} ${family.kind}`);
      for (const series of family.series.values())
        lines.push(...(family.kind === 'histogram' ? histogramLines(name, family, series) : [lineOf(name, series)]));
    }
    for (const group of Map.groupBy(others, ({ name }) => name).values()) {
      const [{ name, help, kind }] = group as [MetricLine];
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...group.map((line) => lineOf(name, line)));
    }
    return `${lines.join('\n')}\n`;
  }

  private series(name: string, kind: Family['kind'], labels: MetricLabels): Series {
    let family = this.families.get(name);
    if (family === undefined) {
      const bounds = name.endsWith('_bytes') ? SIZE_BUCKETS : BUCKETS;
      this.families.set(name, (family = { kind, bounds, series: new Map() }));
    }
    const key = JSON.stringify(labels);
    const known = family.series.get(key);
    if (known !== undefined) return known;
    if (family.series.size >= MAX_SERIES && key !== NO_LABELS) return this.series(name, kind, {});
    const series = { labels, value: 0, counts: family.bounds.map(() => 0), sum: 0 };
    family.series.set(key, series);
    const { node } = labels;
    if (node !== undefined) this.byNode.set(node, [...(this.byNode.get(node) ?? []), { family, key }]);
    return series;
  }
}

function lineOf(name: string, { labels, value }: { readonly labels: MetricLabels; readonly value: number }): string {
  return `${name}${labelText(labels)} ${value}`;
}

function histogramLines(name: string, { bounds }: Family, { labels, counts, value, sum }: Series): string[] {
  return [
    ...bounds.map((bound, i) =>
      lineOf(`${name}_bucket`, { labels: { ...labels, le: String(bound) }, value: counts[i] ?? 0 }),
    ),
    lineOf(`${name}_bucket`, { labels: { ...labels, le: '+Inf' }, value }),
    lineOf(`${name}_sum`, { labels, value: sum }),
    lineOf(`${name}_count`, { labels, value }),
  ];
}

function labelText(labels: MetricLabels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
