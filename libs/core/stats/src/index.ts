export type { Counter, Gauge, Histogram, StatsScope } from './stats.ts';
export { createNullScope } from './null-scope.ts';
