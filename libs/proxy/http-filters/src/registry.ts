import type { HttpFilterFactory } from '@weft/proxy-filter-api';
import { routerFactory } from '@weft/proxy-router';
import { corsFactory } from './cors/index.ts';
import { extAuthzFactory } from './ext-authz/index.ts';
import { onDemandFactory } from './on-demand/index.ts';
import { rbacFactory } from './rbac/index.ts';

/**
 * Every HTTP filter of this proxy, one line each. A connection manager looks its filters up here by the type of their
 * configuration.
 */
export const httpFilterFactories: readonly HttpFilterFactory<unknown>[] = [
  // Each factory is asked only for what it decoded itself: the type of its configuration is its own affair.
  corsFactory as HttpFilterFactory<unknown>,
  extAuthzFactory as HttpFilterFactory<unknown>,
  onDemandFactory as HttpFilterFactory<unknown>,
  rbacFactory as HttpFilterFactory<unknown>,
  routerFactory as HttpFilterFactory<unknown>,
];
