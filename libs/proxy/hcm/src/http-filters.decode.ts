import { typeNameOfUrl, type DecodeContext } from '@weft/api-envoy';
import type { ExtensionConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import type { HttpFilter as HttpFilterProto } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { decodeConfigSource } from '@weft/model-config-source';
import type { DecodedFilter, FilterDiscovery, HttpFilterFactory } from '@weft/proxy-filter-api';
import type { FilterChainConfig, FilterConfig } from './config.ts';
import { discoveredFilter } from './discovered-filter.ts';

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
    return decodeDiscovered(entry, cx.at('config_discovery'), registry);
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

/** A filter that ECDS brings. Faults go to `cx`, which stands at the ExtensionConfigSource. */
function decodeDiscovered(
  { name, configType }: HttpFilterProto,
  cx: DecodeContext,
  registry: Registry,
): FilterConfig | undefined {
  const message = configType.value as ExtensionConfigSource;
  const source = decodeConfigSource(message.configSource, cx.at('config_source'));
  const factories = message.typeUrls.flatMap((url, i) => factoryOf(url, cx.at('type_urls', i), registry) ?? []);
  const fallback = message.defaultConfig && decodeFallback(message, cx.at('default_config'), registry);
  if (message.applyDefaultConfigWithoutWarming && message.defaultConfig === undefined)
    cx.at('apply_default_config_without_warming').error('there is nothing to apply', { expected: 'a default_config' });
  const [first] = factories;
  if (source === undefined || first === undefined || factories.length < message.typeUrls.length) return undefined;
  if (factories.some(({ terminal }) => terminal !== first.terminal)) {
    cx.at('type_urls').error('mixes filters that answer requests with such that do not', { expected: 'one kind' });
    return undefined;
  }
  const config: FilterDiscovery = {
    name,
    source,
    typeNames: factories.map(({ typeName }) => typeName),
    fallback,
    serveFallback: message.applyDefaultConfigWithoutWarming,
  };
  return { name, factory: discoveredFilter(first.terminal) as HttpFilterFactory<unknown>, config };
}

function factoryOf(url: string, cx: DecodeContext, registry: Registry): HttpFilterFactory<unknown> | undefined {
  const typeName = typeNameOfUrl(url);
  const factory = registry.find((candidate) => candidate.typeName === typeName);
  if (factory === undefined)
    cx.later(`the filter ${typeName}`, { expected: `one of: ${registry.map((one) => one.typeName).join(', ')}` });
  return factory;
}

function decodeFallback(
  { defaultConfig, typeUrls }: ExtensionConfigSource,
  cx: DecodeContext,
  registry: Registry,
): DecodedFilter | undefined {
  const message = cx.unpack(defaultConfig);
  if (message === undefined) return undefined;
  if (!typeUrls.map(typeNameOfUrl).includes(message.$typeName)) {
    cx.error(`is ${message.$typeName}`, { expected: 'one of type_urls' });
    return undefined;
  }
  const factory = registry.find(({ typeName }) => typeName === message.$typeName);
  const config = factory?.decode(message, cx);
  return factory === undefined || config === undefined ? undefined : { factory, config };
}
