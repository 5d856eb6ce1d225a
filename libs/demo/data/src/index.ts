export { DATA_SETS, type DataSet, type DataSetName } from './data-sets.ts';
export { seedRedis, type SeedOptions } from './seed-redis.ts';
