export { FLUSH_INTERVAL_MS, StatsStore, startFlushing } from './stats-store.ts';
export { CounterStat, GaugeStat, HistogramStat } from './numbers.ts';
export { Distribution, PERCENTILES, type FilledBucket } from './distribution.ts';
