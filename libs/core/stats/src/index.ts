export type { Counter, Gauge, Histogram, StatsScope } from './stats.ts';
export { createNullScope } from './null-scope.ts';
export { LocalTally, type Tallies, type Tally } from './tally.ts';
