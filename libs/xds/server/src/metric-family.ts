/** Source: io.prometheus.client.MetricFamily. */
export interface MetricFamily {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'summary' | 'untyped' | 'histogram';
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Of counters and gauges; of the others the sum. */
  readonly value: number;
  /** Of summaries and histograms: how many values. */
  readonly count: number | undefined;
  /** Of histograms: upper bound and how many are below it. Of summaries: quantile and value. */
  readonly points: readonly (readonly [at: number, value: number])[];
}
