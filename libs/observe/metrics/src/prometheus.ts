import { DEFAULT_BUCKET_BOUNDS } from './bucket-bounds.ts';
import { PERCENTILES } from './distribution.ts';
import type { ReadableHistogram } from './numbers.ts';
import type { Selection } from './selection.ts';
import type { BucketMode } from './stats-query.ts';
import { DEFAULT_TAG_RULES, extractTags, type FixedTag, type TagRule, type TaggedName } from './tag-extraction.ts';

type MetricKind = 'counter' | 'gauge' | 'histogram' | 'summary';

/** The stats in Prometheus' text form, version 0.0.4: counters, gauges, histograms; one TYPE line for each family. */
export class PrometheusFormatter {
  private readonly rules: readonly TagRule[];
  private readonly fixed: readonly FixedTag[];
  // A scrape asks for the same stats again and again; their tags never change.
  private readonly known = new WeakMap<object, TaggedName>();

  /** `rules` are tried before Envoy's own; `fixed` go on every series. */
  constructor(rules: readonly TagRule[] = [], fixed: readonly FixedTag[] = []) {
    this.rules = [...rules, ...DEFAULT_TAG_RULES];
    this.fixed = fixed;
  }

  format(selection: Selection, buckets: BucketMode): string {
    const taken = new Map<string, MetricKind>();
    const number = (series: string, labels: string, stat: { readonly value: number }): string =>
      `${series}{${labels}} ${stat.value}\n`;
    const summaries = buckets === 'summary';
    return (
      this.families(selection.counters, 'counter', { taken, print: number }) +
      this.families(selection.gauges, 'gauge', { taken, print: number }) +
      this.families(selection.histograms, summaries ? 'summary' : 'histogram', {
        taken,
        print: summaries ? printSummary : printHistogram,
      })
    );
  }

  private families<T extends { readonly name: string }>(
    stats: readonly T[],
    kind: MetricKind,
    { taken, print }: { taken: Map<string, MetricKind>; print: (series: string, labels: string, stat: T) => string },
  ): string {
    const families = new Map<string, { sortKey: string; text: string }>();
    for (const stat of stats) {
      const { name, tags } = this.tagged(stat);
      let family = `envoy_${sanitize(name)}`;
      // Envoy would print a second TYPE line, which makes Prometheus refuse the whole page.
      if ((taken.get(family) ?? kind) !== kind) family += `_${kind.charAt(0)}`;
      taken.set(family, kind);
      const labels = tags.map(({ tag, value }) => `${sanitizeLabel(tag)}="${escapeValue(value)}"`).join(',');
      const printed = print(family, labels, stat);
      const entry = families.get(family);
      if (entry === undefined) families.set(family, { sortKey: name, text: `# TYPE ${family} ${kind}\n${printed}` });
      else entry.text += printed;
    }
    return [...families.values()]
      .sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
      .map((family) => family.text)
      .join('');
  }

  private tagged(stat: { readonly name: string }): TaggedName {
    let tagged = this.known.get(stat);
    if (tagged === undefined) {
      tagged = extractTags(stat.name, this.rules, this.fixed);
      this.known.set(stat, tagged);
    }
    return tagged;
  }
}

function printHistogram(series: string, labels: string, { cumulative }: ReadableHistogram): string {
  const before = labels === '' ? '' : `${labels},`;
  const below = cumulative.countsBelow(DEFAULT_BUCKET_BOUNDS);
  let text = '';
  DEFAULT_BUCKET_BOUNDS.forEach((bound, at) => (text += `${series}_bucket{${before}le="${bound}"} ${below[at]}\n`));
  text += `${series}_bucket{${before}le="+Inf"} ${cumulative.count}\n`;
  return text + `${series}_sum{${labels}} ${cumulative.sum}\n${series}_count{${labels}} ${cumulative.count}\n`;
}

/** Quantiles of the last interval, as Envoy gives them. */
function printSummary(series: string, labels: string, { interval }: ReadableHistogram): string {
  const before = labels === '' ? '' : `${labels},`;
  const quantiles = interval.quantiles();
  let text = '';
  PERCENTILES.forEach((percent, at) => {
    const value = quantiles[at] as number;
    text += `${series}{${before}quantile="${percent / 100}"} ${Number.isNaN(value) ? 'NaN' : value}\n`;
  });
  return text + `${series}_sum{${labels}} ${interval.sum}\n${series}_count{${labels}} ${interval.count}\n`;
}

function sanitize(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

function sanitizeLabel(tag: string): string {
  const label = sanitize(tag);
  return /^\d/.test(label) ? `_${label}` : label;
}

function escapeValue(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
