import type { DecodeContext } from '@weft/api-envoy';
import type { HttpFilter as HttpFilterProto } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { HttpFilterFactory } from '@weft/proxy-filter-api';
import type { FilterChainConfig, FilterConfig } from './config.ts';

type Registry = readonly HttpFilterFactory<unknown>[];

/** A chain of HTTP filters: the last one answers requests, none before it does. Faults go to `cx`. */
export function decodeHttpFilters(
  list: readonly HttpFilterProto[],
  cx: DecodeContext,
  registry: Registry,
): FilterChainConfig | undefined {
  if (list.length === 0) {
    cx.error('is empty', { expected: 'a list that ends in envoy.filters.http.router' });
    return undefined;
  }
  const chain: FilterConfig[] = [];
  list.forEach((entry, i) => {
    // Only a route could switch it on again, and no route can yet: typed_per_filter_config of it is reported.
    if (entry.disabled) return;
    const decoded = decodeFilter(entry, cx.at(i), registry);
    if (decoded === undefined) return;
    chain.push(decoded);
    const last = i === list.length - 1;
    if (last && !decoded.factory.terminal)
      cx.at(i).error(`"${entry.name}" cannot be the last filter`, { expected: 'envoy.filters.http.router at the end' });
    if (!last && decoded.factory.terminal)
      cx.at(i).error(`"${entry.name}" answers requests, so no filter behind it would run`, {
        expected: 'it at the end',
      });
  });
  const terminal = chain.pop();
  // Without one, the last filter was none of ours: it was reported.
  return terminal?.factory.terminal === true ? { filters: chain, terminal } : undefined;
}

function decodeFilter(entry: HttpFilterProto, cx: DecodeContext, registry: Registry): FilterConfig | undefined {
  if (entry.configType.case === 'configDiscovery') {
    cx.at('config_discovery').later('', { expected: 'typed_config' });
    return undefined;
  }
  const place = cx.at('typed_config');
  const message = place.unpack(entry.configType.value);
  if (message === undefined) return undefined;
  const factory = registry.find((candidate) => candidate.typeName === message.$typeName);
  if (factory === undefined) {
    const known = registry.map((candidate) => candidate.typeName).join(', ');
    const subject = `the filter ${message.$typeName}`;
    if (entry.isOptional) place.warn(`${subject} is not implemented by Weft yet; it is left out, as is_optional says`);
    else place.later(subject, { expected: `one of: ${known}` });
    return undefined;
  }
  const config = factory.decode(message, place);
  return config === undefined ? undefined : { name: entry.name, factory, config };
}
