import type { HttpFilterFactory } from '@weft/proxy-filter-api';
import { routerFactory } from '@weft/proxy-router';

/**
 * Every HTTP filter of this proxy, one line each. A connection manager looks its filters up here by the type of their
 * configuration.
 */
// Each factory is asked only for what it decoded itself: the type of its configuration is its own affair.
export const httpFilterFactories: readonly HttpFilterFactory<unknown>[] = [routerFactory as HttpFilterFactory<unknown>];
