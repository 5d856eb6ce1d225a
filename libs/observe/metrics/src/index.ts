export { FLUSH_INTERVAL_MS, StatsStore, startFlushing } from './stats-store.ts';
export { CounterStat, GaugeStat, HistogramStat } from './numbers.ts';
export { Distribution, PERCENTILES, type FilledBucket } from './distribution.ts';
export { StatsEndpoint, type StatsReply } from './stats-endpoint.ts';
export { PrometheusFormatter } from './prometheus.ts';
export { DEFAULT_TAG_RULES, extractTags, type FixedTag, type TagRule, type TaggedName } from './tag-extraction.ts';
export type { RegexCompiler } from './stats-query.ts';
