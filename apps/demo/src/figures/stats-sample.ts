/** Quantiles of a histogram, in its own unit (milliseconds, for times); undefined when nothing was recorded. */
export interface Quantiles {
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

/** What a proxy's admin said at one moment. */
export interface StatsSample {
  readonly atMs: number;
  readonly numbers: ReadonlyMap<string, number>;
  /** Of the last flush interval (a second). */
  readonly recent: ReadonlyMap<string, Quantiles>;
  /** Since the proxy started. */
  readonly overall: ReadonlyMap<string, Quantiles>;
}

interface NumberStat {
  readonly name: string;
  readonly value: number;
}

interface ComputedQuantiles {
  readonly name: string;
  readonly values: readonly { readonly interval: number | null; readonly cumulative: number | null }[];
}

interface HistogramStats {
  readonly histograms: {
    readonly supported_quantiles?: readonly number[];
    readonly computed_quantiles?: readonly ComputedQuantiles[];
  };
}

/** Reads the body of `/stats?format=json`. */
export function parseStats(body: string, atMs: number): StatsSample {
  const { stats } = JSON.parse(body) as { stats: readonly (NumberStat | HistogramStats)[] };
  const numbers = new Map<string, number>();
  const recent = new Map<string, Quantiles>();
  const overall = new Map<string, Quantiles>();
  for (const stat of stats) {
    if ('name' in stat) numbers.set(stat.name, Number(stat.value));
    else readHistograms(stat, recent, overall);
  }
  return { atMs, numbers, recent, overall };
}

function readHistograms(
  { histograms }: HistogramStats,
  recent: Map<string, Quantiles>,
  overall: Map<string, Quantiles>,
): void {
  const { supported_quantiles: supported = [], computed_quantiles: computed = [] } = histograms;
  const [at50, at99] = [supported.indexOf(50), supported.indexOf(99)];
  for (const { name, values } of computed) {
    const of = (which: 'interval' | 'cumulative'): Quantiles => ({
      p50: values[at50]?.[which] ?? undefined,
      p99: values[at99]?.[which] ?? undefined,
    });
    recent.set(name, of('interval'));
    overall.set(name, of('cumulative'));
  }
}
