export type { Counter, Gauge, Histogram, StatsScope, TextReadout } from './stats.ts';
export { createNullScope } from './null-scope.ts';
export { LocalTally, type Tallies, type Tally } from './tally.ts';
