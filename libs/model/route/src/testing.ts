import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { DecodeContext, formatFault, registry, sourceNamed } from '@weft/api-envoy';
import type { RuntimeSnapshot } from '@weft/core-runtime';
import type { MatchContext } from './match-route.ts';
import type { RouteDecodeOptions } from './decode-surroundings.ts';
import { decodeRouteConfiguration } from './route-table.decode.ts';
import type { RouteTable } from './route.ts';

/** The faults of a route configuration written as JSON, one line each. */
export function routeFaults(json: JsonValue, options: RouteDecodeOptions = {}): string[] {
  const cx = new DecodeContext(sourceNamed(''));
  decodeRouteConfiguration(readConfiguration(json), cx, options);
  return cx.faults.map((fault) => formatFault(fault));
}

/** The table of a route configuration written as JSON; throws on faults. */
export function routeTable(json: JsonValue, options: RouteDecodeOptions = {}): RouteTable {
  const cx = new DecodeContext(sourceNamed(''));
  const table = decodeRouteConfiguration(readConfiguration(json), cx, options);
  if (table === undefined) throw new Error(cx.faults.map((fault) => formatFault(fault)).join('\n'));
  return table;
}

/** A table of one virtual host for `*` with these routes. */
export function tableOf(...routes: JsonValue[]): RouteTable {
  return routeTable({ name: 'test', virtual_hosts: [{ name: 'all', domains: ['*'], routes }] });
}

function readConfiguration(json: JsonValue) {
  const schema = registry().getMessage('envoy.config.route.v3.RouteConfiguration');
  if (schema === undefined) throw new Error('the API has no RouteConfiguration');
  return fromJson(schema, json, { registry: registry() });
}

/** Runtime keys that a test holds in its hands. */
export function fakeFlags(values: Readonly<Record<string, string | number | boolean>> = {}): RuntimeSnapshot {
  const number = (key: string): number | undefined => {
    const value = Number(values[key]);
    return Object.hasOwn(values, key) && Number.isFinite(value) ? value : undefined;
  };
  return {
    get: (key) => (Object.hasOwn(values, key) ? String(values[key]) : undefined),
    integer: (key, otherwise) => number(key) ?? otherwise,
    boolean: (key, otherwise) => (typeof values[key] === 'boolean' ? values[key] : otherwise),
    enabled: (key, otherwise, draw) => {
      const percent = number(key);
      if (percent !== undefined) return draw % 100 < percent;
      return draw % otherwise.denominator < otherwise.numerator;
    },
  };
}

/** A match context with a fixed draw. */
export function matchContext(draw = 0, flags: RuntimeSnapshot = fakeFlags()): MatchContext {
  return { flags, draw, internalRequest: false };
}
