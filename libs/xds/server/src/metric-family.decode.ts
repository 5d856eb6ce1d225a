import type { Metric, MetricFamily as MetricFamilyProto } from '@weft/api-envoy/gen/io/prometheus/client/metrics_pb';
import type { MetricFamily, MetricSample } from './metric-family.ts';

/** In the order of io.prometheus.client.MetricType. */
const KINDS: readonly MetricFamily['kind'][] = ['counter', 'gauge', 'summary', 'untyped', 'histogram', 'histogram'];

export function decodeMetricFamily({ name, type, metric }: MetricFamilyProto): MetricFamily {
  return { name, kind: KINDS[type] ?? 'untyped', samples: metric.map(decodeSample) };
}

function decodeSample({ label, counter, gauge, untyped, summary, histogram }: Metric): MetricSample {
  const labels = Object.fromEntries(label.map(({ name, value }) => [name, value]));
  if (summary !== undefined) {
    const points = summary.quantile.map(({ quantile, value }) => [quantile, value] as const);
    return { labels, value: summary.sampleSum, count: Number(summary.sampleCount), points };
  }
  if (histogram !== undefined) {
    const points = histogram.bucket.map(
      ({ upperBound, cumulativeCount }) => [upperBound, Number(cumulativeCount)] as const,
    );
    return { labels, value: histogram.sampleSum, count: Number(histogram.sampleCount), points };
  }
  return { labels, value: (counter ?? gauge ?? untyped)?.value ?? 0, count: undefined, points: [] };
}
