import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { Any } from '@bufbuild/protobuf/wkt';
import { readMessage } from './messages.ts';
import { referencesOf, type Reference } from './references.ts';
import { encodeResource, type Resource } from './resource.ts';
import { TYPE_URL } from './type-urls.ts';

/** What was made of one resource, by what the proxies had before and what they lack. */
const known = new WeakMap<Resource, Map<string, Resource | undefined>>();

/**
 * What of a route configuration a proxy may have that lacks clusters: its virtual hosts that name one are as they were in `had`, or
 * left out where they are new. Undefined: nothing would be left, or the rest does not go together.
 */
export function partOfRoutes(
  wanted: Resource,
  had: Resource | undefined,
  lacking: readonly Reference[],
): Resource | undefined {
  if (wanted.typeUrl !== TYPE_URL.route) return undefined;
  const names = new Set(lacking.map(({ name }) => name));
  const key = [had?.version ?? '', ...[...names].sort()].join('\0');
  const made = known.get(wanted) ?? new Map<string, Resource | undefined>();
  known.set(wanted, made);
  if (!made.has(key)) made.set(key, makePart(wanted, had, names));
  return made.get(key);
}

function makePart(wanted: Resource, had: Resource | undefined, lacking: ReadonlySet<string>): Resource | undefined {
  const isGood = (host: VirtualHost): boolean => !namesAny(referencesOf(host), lacking);
  const routes = routesIn(wanted);
  const before = had === undefined ? undefined : routesIn(had);
  const virtualHosts = (routes?.virtualHosts ?? []).flatMap((host) => {
    const one = isGood(host) ? host : before?.virtualHosts.find(({ name }) => name === host.name);
    return one !== undefined && isGood(one) ? [one] : [];
  });
  if (routes === undefined || virtualHosts.length === 0) return undefined;
  const domains = virtualHosts.flatMap((host) => host.domains);
  if (new Set(domains).size < domains.length) return undefined;
  const options = { partOf: wanted.version, ...(wanted.ttlMs === undefined ? {} : { ttlMs: wanted.ttlMs }) };
  const reduced: RouteConfiguration = { ...routes, virtualHosts };
  const part = encodeResource(reduced, options);
  return namesAny(part.references, lacking) ? undefined : part;
}

function namesAny(references: readonly Reference[], clusters: ReadonlySet<string>): boolean {
  return references.some(({ typeUrl, name }) => typeUrl === TYPE_URL.cluster && clusters.has(name));
}

function routesIn({ any }: Resource): RouteConfiguration | undefined {
  const value = readMessage<Any>('google.protobuf.Any', any)?.value;
  return value === undefined
    ? undefined
    : readMessage<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', value);
}
