import type { HttpFilterFactory } from '@weft/proxy-filter-api';
import { ROUTER_TYPE, decodeRouter } from './config.decode.ts';
import type { RouterConfig } from './config.ts';
import { prepareRouter } from './prepared.ts';
import { RouterFilter } from './router-filter.ts';

/** `envoy.filters.http.router`: the last filter of every chain. */
export const routerFactory: HttpFilterFactory<RouterConfig> = {
  typeName: ROUTER_TYPE,
  terminal: true,
  decode: decodeRouter,
  prepare(config, context) {
    const router = prepareRouter(config, context);
    return (stream) => new RouterFilter(router, stream);
  },
};
