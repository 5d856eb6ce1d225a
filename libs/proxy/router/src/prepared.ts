import type { FilterFactoryContext } from '@weft/proxy-filter-api';
import type { RouterConfig } from './config.ts';
import { RouterStats } from './router-stats.ts';

/** What all streams of one router share. */
export interface PreparedRouter extends FilterFactoryContext {
  readonly config: RouterConfig;
  readonly routerStats: RouterStats;
}

export function prepareRouter(config: RouterConfig, context: FilterFactoryContext): PreparedRouter {
  return { ...context, config, routerStats: new RouterStats(context.stats) };
}
