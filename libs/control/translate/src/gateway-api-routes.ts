import type { GRPCRouteRule, HTTPRouteRule, HTTPRouteRuleFilter, VirtualServiceHttpHeaders } from '@weft/api-kube';
import type { Route, RouteAction } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import {
  isGranted,
  isService,
  parentHost,
  routesForService,
  type GatewayApiRoute,
  type MeshObject,
  type MeshService,
} from '@weft/control-mesh';
import { from as tag } from './behind.ts';
import type { TranslateContext } from './context.ts';
import { byRank, grpcRouteMatch, httpRouteMatch, type RankedMatch } from './gateway-api-match.ts';
import { corsOfFilter } from './cors.ts';
import { INVALID_BACKEND_CLUSTER, outboundCluster } from './names.ts';
import { prefixReplaced } from './prefix-replaced.ts';
import { durationOf, type Init } from './proto.ts';
import { requestRedirect, type RedirectPlace } from './redirect-action.ts';
import { otherHosts, retryPlan, type RetryPlan } from './retries.ts';
import type { Trace } from './trace.ts';
import { clusterSpecifier, levelHeaders, timeouts, type WeightedTarget } from './route-action.ts';
import { destinationPort, forwarding } from './virtual-service-routes.ts';

type Rule = HTTPRouteRule | GRPCRouteRule;
/** RouteAction.ClusterNotFoundResponseCode by number. */
const INTERNAL_SERVER_ERROR = 2;

type Filters = readonly Partial<HTTPRouteRuleFilter>[];

/** The routes of a service's own HTTPRoutes and GRPCRoutes; undefined where it has none. */
export function meshRoutes(cx: TranslateContext, service: MeshService, port: number): Init<Route>[] | undefined {
  const bound = routesForService(cx.snapshot, { service, port, namespace: cx.proxy.namespace });
  if (bound.length === 0) return undefined;
  return gatewayApiRoutes(cx, bound, { port, isTls: false });
}

/** All rules of several routes in one list, the most specific match first; of equal ones the older route's. */
export function gatewayApiRoutes(
  cx: TranslateContext,
  bound: readonly GatewayApiRoute[],
  place: RedirectPlace,
): Init<Route>[] {
  const ranked = bound.flatMap(({ kind, object }) =>
    (object.spec.rules ?? []).flatMap((rule, i) => {
      const matches =
        kind === 'http'
          ? httpMatches(rule as HTTPRouteRule)
          : ((rule as GRPCRouteRule).matches ?? [{}]).map(grpcRouteMatch);
      const name = `${object.ref.namespace}.${object.ref.name}.${rule.name ?? i}`;
      return matches.map((match) => ({ match, rule, name, from: { ...object.ref }, object }));
    }),
  );
  ranked.sort((a, b) => byRank(a.match.rank, b.match.rank));
  if (cx.trace !== undefined) traceRules(cx.trace, ranked);
  return ranked.flatMap((entry) => routesOf(cx, entry, place).map((route) => tag(route, [entry.object.ref])));
}

/** Of equal matches the first alone is asked, and nothing behind one that takes all. */
function traceRules(trace: Trace, ranked: readonly (RankedRule & { readonly object: MeshObject })[]): void {
  const owners = new Map<string, MeshObject>();
  for (const { match, object } of ranked) {
    const key = JSON.stringify(match.match);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, object);
    if (owner === undefined || owner === object) trace.acts(object);
    else trace.loses(object, owner, 'it is older and has the same matches for the same host');
  }
}

function httpMatches(rule: HTTPRouteRule): RankedMatch[] {
  const matches: readonly Partial<HTTPRouteRule['matches'][number]>[] | undefined = rule.matches;
  return (matches === undefined || matches.length === 0 ? [{}] : matches).map(httpRouteMatch);
}

interface RankedRule {
  readonly match: RankedMatch;
  readonly rule: Rule;
  readonly name: string;
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
}

function routesOf(cx: TranslateContext, { match, rule, name, from }: RankedRule, place: RedirectPlace): Init<Route>[] {
  const filters: Filters = rule.filters ?? [];
  const { hostRewriteSpecifier: _, ...headers } = levelHeaders(headersOf(filters));
  const cors = corsOfFilter(filters.find(({ type }) => type === 'CORS')?.cors);
  const base: Init<Route> = { name, match: match.match, ...headers, ...cors };
  const redirect = filters.find(({ type }) => type === 'RequestRedirect')?.requestRedirect;
  if (redirect !== undefined)
    return [{ ...base, action: { case: 'redirect', value: requestRedirect(redirect, place, match.prefix) } }];
  const targets = (rule.backendRefs ?? []).map((ref): WeightedTarget => {
    const backendHeaders = headersOf(ref.filters ?? []);
    return {
      cluster: backendCluster(cx, ref, { from, port: place.port }),
      weight: (ref.weight as number | undefined) ?? 1,
      headers: backendHeaders,
    };
  });
  // Nowhere to go is the route's fault and not the caller's.
  if (!targets.some((target) => target.weight > 0 && !isInvalid(target)))
    return [{ ...base, action: { case: 'directResponse', value: { status: 500 } } }];
  const { timeouts: times, retry } = rule as HTTPRouteRule;
  const action: Init<RouteAction> = {
    clusterSpecifier: clusterSpecifier(targets),
    ...(targets.some(isInvalid) ? { clusterNotFoundResponseCode: INTERNAL_SERVER_ERROR } : {}),
    ...timeouts(times?.request),
    ...rewriteOf(filters, match.prefix),
  };
  return forwarding(base, action, planOf(retry, times?.backendRequest));
}

/** Header filters of one level, merged. */
function headersOf(filters: Filters): VirtualServiceHttpHeaders | undefined {
  const operations = (modifier: HTTPRouteRuleFilter['requestHeaderModifier']) =>
    modifier && {
      set: Object.fromEntries((modifier.set ?? []).map(({ name, value }) => [name, literal(value)])),
      add: Object.fromEntries((modifier.add ?? []).map(({ name, value }) => [name, literal(value)])),
      remove: modifier.remove ?? [],
    };
  const request = operations(filters.find(({ type }) => type === 'RequestHeaderModifier')?.requestHeaderModifier);
  const response = operations(filters.find(({ type }) => type === 'ResponseHeaderModifier')?.responseHeaderModifier);
  if (request === undefined && response === undefined) return undefined;
  return { ...(request === undefined ? {} : { request }), ...(response === undefined ? {} : { response }) };
}

/** Values of the Gateway API mean themselves; to proxies % begins a command. */
function literal(value: string): string {
  return value.replaceAll('%', '%%');
}

/** URLRewrite. */
function rewriteOf(filters: Filters, prefix: string): Init<RouteAction> {
  const rewrite = filters.find(({ type }) => type === 'URLRewrite')?.urlRewrite;
  if (rewrite === undefined) return {};
  const { hostname, path } = rewrite;
  const host: Init<RouteAction> =
    hostname === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: hostname } };
  if (path?.replaceFullPath !== undefined)
    return {
      ...host,
      regexRewrite: { pattern: { regex: '^/.*$' }, substitution: path.replaceFullPath.replaceAll('\\', '\\\\') },
    };
  if (path?.replacePrefixMatch === undefined) return host;
  return { ...host, ...prefixReplaced(prefix, path.replacePrefixMatch) };
}

function planOf(retry: HTTPRouteRule['retry'], backendRequest: string | undefined): RetryPlan {
  const perTryTimeout = durationOf(backendRequest);
  const baseInterval = durationOf(retry?.backoff);
  const timeout = perTryTimeout === undefined ? {} : { perTryTimeout };
  if (retry === undefined) {
    const { policy } = retryPlan(undefined);
    return { policy: policy && { ...policy, ...timeout }, idempotent: undefined };
  }
  const codes = retry.codes ?? [];
  const conditions = [
    'connect-failure',
    'refused-stream',
    'reset',
    ...(codes.length > 0 ? ['retriable-status-codes'] : []),
  ];
  return {
    policy: {
      retryOn: conditions.join(','),
      numRetries: retry.attempts,
      retriableStatusCodes: [...codes],
      ...timeout,
      ...(baseInterval === undefined ? {} : { retryBackOff: { baseInterval } }),
      ...otherHosts(),
    },
    idempotent: undefined,
  };
}

type BackendRef = NonNullable<Rule['backendRefs']>[number];

function isInvalid({ cluster }: WeightedTarget): boolean {
  return cluster === INVALID_BACKEND_CLUSTER;
}

/** The cluster of a backend; for one that is not there, or that the route may not refer to, that which nobody has. */
function backendCluster(
  cx: TranslateContext,
  ref: BackendRef,
  { from, port }: { readonly from: RankedRule['from']; readonly port: number },
): string {
  if (!isService(ref)) return INVALID_BACKEND_CLUSTER;
  const namespace = ref.namespace ?? from.namespace;
  const to = { group: ref.group, kind: ref.kind, namespace, name: ref.name };
  if (!isGranted(cx.snapshot, { from, to })) return INVALID_BACKEND_CLUSTER;
  const service = cx.service(parentHost(cx.snapshot, ref, from.namespace), namespace);
  const number = service && destinationPort(service, ref.port, port);
  if (service === undefined || number === undefined) return INVALID_BACKEND_CLUSTER;
  cx.need(service);
  return outboundCluster(service.hostname, number);
}
