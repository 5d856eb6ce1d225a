import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext } from '@weft/api-envoy';
import type { HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import { decodeHeaderMutation, type HeaderMutation, type HeaderMutations } from '@weft/model-policy';
import type { RouteDecodeOptions } from './route-table.decode.ts';

/** What a table, a virtual host, a route and a weighted cluster have in common: each may change headers and filters. */
export interface Level {
  readonly request: HeaderMutation;
  readonly response: HeaderMutation;
  readonly filterConfigs: ReadonlyMap<string, unknown>;
}

interface LevelFields {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
  readonly typedPerFilterConfig: Readonly<Record<string, Any>>;
}

export function decodeLevel(message: LevelFields, options: RouteDecodeOptions, cx: DecodeContext): Level {
  const configs = cx.at('typed_per_filter_config');
  return {
    request: decodeHeaderMutation(
      { direction: 'request', add: message.requestHeadersToAdd, remove: message.requestHeadersToRemove },
      cx,
    ),
    response: decodeHeaderMutation(
      { direction: 'response', add: message.responseHeadersToAdd, remove: message.responseHeadersToRemove },
      cx,
    ),
    filterConfigs: new Map(
      Object.entries(message.typedPerFilterConfig).map(([name, any]) => [
        name,
        options.filterConfig ? options.filterConfig(name, any, configs.at(name)) : any,
      ]),
    ),
  };
}

/** The levels' mutations, most specific first; the other way round where the most specific one is to win. */
export function orderMutations(mutations: readonly HeaderMutation[], mostSpecificWins: boolean): HeaderMutations {
  const present = mutations.filter(({ add, remove }) => add.length + remove.length > 0);
  return mostSpecificWins ? present.reverse() : present;
}

/** One map of the levels' filter configurations; `levels` has the most specific first, whose entries win. */
export function mergeFilterConfigs(levels: readonly ReadonlyMap<string, unknown>[]): ReadonlyMap<string, unknown> {
  const present = levels.filter((level) => level.size > 0);
  if (present.length <= 1) return present[0] ?? new Map();
  return new Map(present.toReversed().flatMap((level) => [...level]));
}
