import type { RouteDecodeOptions } from '@weft/model-route';
import type { HttpFilterFactory } from '@weft/proxy-filter-api';

/**
 * Decodes entries of `typed_per_filter_config`: a filter's own type for routes, else what it is configured with. Both may come
 * under any name; the filter looks under its own.
 */
export function routeFilterConfigs(
  registry: readonly HttpFilterFactory<unknown>[],
): NonNullable<RouteDecodeOptions['filterConfig']> {
  return (_name, any, cx) => {
    const message = cx.unpack(any);
    if (message === undefined) return undefined;
    const { $typeName } = message;
    const factory = registry.find(({ routeTypeName }) => routeTypeName === $typeName);
    if (factory?.decodeRoute !== undefined) return factory.decodeRoute(message, cx);
    const known = registry.flatMap(({ routeTypeName }) => routeTypeName ?? []);
    cx.later(`the configuration ${$typeName} of a filter on a route`, { expected: `one of: ${known.join(', ')}` });
    return undefined;
  };
}
