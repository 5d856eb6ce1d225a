import { create, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import { MetricType } from './metric-type.ts';
import { DEFAULT_BUCKET_BOUNDS } from './bucket-bounds.ts';
import { PERCENTILES, type Distribution } from './distribution.ts';
import type { TaggedName } from './tag-extraction.ts';

/** The fields of one io.prometheus.client.MetricFamily. */
export type FamilyFields = object;

const MESSAGE = 'envoy.service.metrics.v3.StreamMetricsMessage';

/** One message of the stream. `node`: the first of a stream says who it is. */
export function streamMetricsMessage(families: readonly FamilyFields[], node: object | undefined): Uint8Array {
  const desc = registry().getMessage(MESSAGE)!;
  const fields = { envoyMetrics: families, ...(node === undefined ? {} : { identifier: { node } }) };
  return toBinary(desc, create(desc, fields as Record<string, unknown>));
}

export function numberFamily(
  named: TaggedName,
  kind: 'counter' | 'gauge',
  value: number,
  wallMs: number,
): FamilyFields {
  return family(named, kind === 'counter' ? MetricType.COUNTER : MetricType.GAUGE, { [kind]: { value } }, wallMs);
}

export function summaryFamily(named: TaggedName, interval: Distribution, wallMs: number): FamilyFields {
  const quantiles = interval.quantiles();
  const summary = {
    sampleCount: BigInt(interval.count),
    sampleSum: interval.sum,
    quantile: PERCENTILES.map((percent, at) => ({ quantile: percent / 100, value: quantiles[at] ?? NaN })),
  };
  return family(named, MetricType.SUMMARY, { summary }, wallMs);
}

export function histogramFamily(named: TaggedName, interval: Distribution, wallMs: number): FamilyFields {
  const counts = interval.countsBelow(DEFAULT_BUCKET_BOUNDS);
  const histogram = {
    sampleCount: BigInt(interval.count),
    sampleSum: interval.sum,
    bucket: DEFAULT_BUCKET_BOUNDS.map((upperBound, at) => ({ upperBound, cumulativeCount: BigInt(counts[at] ?? 0) })),
  };
  return family(named, MetricType.HISTOGRAM, { histogram }, wallMs);
}

function family({ name, tags }: TaggedName, type: number, metric: object, wallMs: number): FamilyFields {
  const label = tags.map(({ tag, value }) => ({ name: tag, value }));
  return { name, type, metric: [{ ...metric, label, timestampMs: BigInt(Math.round(wallMs)) }] };
}
