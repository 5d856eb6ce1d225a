import type { VirtualServiceDestination, VirtualServiceHttp } from '@weft/api-kube';
import type { Route, RouteAction, RouteMatch } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import {
  rulesFor,
  type BoundVirtualService,
  type MeshObject,
  type MeshService,
  type RouteCall,
} from '@weft/control-mesh';
import { from as tag } from './behind.ts';
import type { TranslateContext } from './context.ts';
import { corsOfRule } from './cors.ts';
import { BLACK_HOLE_CLUSTER, outboundCluster } from './names.ts';
import type { Init } from './proto.ts';
import { redirectAction, type RedirectPlace } from './redirect-action.ts';
import { IDEMPOTENT_METHODS, retryPlan } from './retries.ts';
import {
  clusterSpecifier,
  directResponse,
  levelHeaders,
  requestedHost,
  rewriteFields,
  timeouts,
  type WeightedTarget,
} from './route-action.ts';
import { ofMethods, routeMatch } from './route-match.ts';

/** The routes that a VirtualService makes of its HTTP rules for one call: one for each match of each rule, in order. */
export function virtualServiceRoutes(
  cx: TranslateContext,
  from: BoundVirtualService,
  call: RouteCall & { readonly isTls?: boolean },
): Init<Route>[] {
  const place = { port: call.port, isTls: call.isTls ?? false };
  return rulesFor(from, call).flatMap(({ rule, by, matches }) =>
    matches.flatMap((match) => {
      const name = [rule.name, match?.name].filter((part) => part !== undefined && part !== '').join('.');
      const routes = routesOfRule(cx, { rule, by, place, name, match: routeMatch(match) });
      const refs = [...new Set([from.object, by])].map(({ ref }) => ref);
      return routes.map((route) => tag(route, refs));
    }),
  );
}

/** For who asks which documents are behind the routes of a call: the VirtualService, and those of its delegates that have one. */
export function actsFor(cx: TranslateContext, from: BoundVirtualService, call: RouteCall): void {
  if (cx.trace === undefined) return;
  cx.trace.acts(from.object);
  for (const { by } of rulesFor(from, call)) cx.trace.acts(by);
}

interface RuleMatch {
  readonly rule: VirtualServiceHttp;
  /** Who wrote where it leads. */
  readonly by: MeshObject;
  readonly place: RedirectPlace;
  readonly name: string;
  readonly match: Init<RouteMatch>;
}

function routesOfRule(cx: TranslateContext, { rule, by, place, name, match }: RuleMatch): Init<Route>[] {
  const base: Init<Route> = { name, match, ...routeHeaders(rule), ...corsOfRule(rule.corsPolicy) };
  if (rule.redirect !== undefined)
    return [{ ...base, action: { case: 'redirect', value: redirectAction(rule.redirect, place) } }];
  if (rule.directResponse !== undefined)
    return [{ ...base, action: { case: 'directResponse', value: directResponse(rule) } }];
  const { namespace } = by.ref;
  const { port } = place;
  const targets = (rule.route ?? []).map(({ destination, weight, headers }): WeightedTarget => ({
    cluster: destinationCluster(cx, destination, { namespace, port }),
    weight: weight ?? ((rule.route?.length ?? 0) > 1 ? 0 : 100),
    headers,
  }));
  const first = rule.route?.[0]?.destination;
  const decorated = first === undefined ? base : { ...base, decorator: decorator(cx, first, { namespace, port }) };
  return forwarding(decorated, forwardAction(rule, targets), retryPlan(rule.retries));
}

/** One route, or two where idempotent requests are retried for more reasons than others. */
export function forwarding(
  base: Init<Route>,
  action: Init<RouteAction>,
  plan: ReturnType<typeof retryPlan>,
): Init<Route>[] {
  const route = (match: Init<RouteMatch>, retryPolicy: Init<RouteAction>['retryPolicy']): Init<Route> => ({
    ...base,
    match,
    action: { case: 'route', value: retryPolicy === undefined ? action : { ...action, retryPolicy } },
  });
  const match = base.match as Init<RouteMatch>;
  if (plan.idempotent === undefined) return [route(match, plan.policy)];
  return [route(ofMethods(match, IDEMPOTENT_METHODS), plan.idempotent), route(match, plan.policy)];
}

function forwardAction(rule: VirtualServiceHttp, targets: readonly WeightedTarget[]): Init<RouteAction> {
  const authority = requestedHost(rule.headers?.request);
  return {
    clusterSpecifier: clusterSpecifier(targets),
    ...timeouts(rule.timeout),
    ...(authority === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } }),
    ...rewriteFields(rule.rewrite),
  };
}

function routeHeaders(rule: VirtualServiceHttp): Init<Route> {
  const { hostRewriteSpecifier: _, ...headers } = levelHeaders(rule.headers);
  return headers;
}

/** Where a resource stands that names a destination: its namespace, and the port of the call that is to be steered. */
interface DestinationPlace {
  readonly namespace: string;
  readonly port: number;
}

/**
 * The cluster of a destination; it will be made. Without a port: the service's only one, else the port that was called, else
 * its first. A host that nobody described, or that this client may not see: the black hole, which answers 503.
 */
export function destinationCluster(
  cx: TranslateContext,
  destination: VirtualServiceDestination,
  place: DestinationPlace,
): string {
  const service = cx.service(destination.host, place.namespace);
  if (service === undefined) return BLACK_HOLE_CLUSTER;
  const port = destinationPort(service, destination.port?.number, place.port);
  if (port === undefined) return BLACK_HOLE_CLUSTER;
  const subset = destination.subset ?? '';
  if (subset !== '' && cx.rule(service)?.subsets.some(({ name }) => name === subset) !== true)
    return BLACK_HOLE_CLUSTER;
  cx.need(service);
  return outboundCluster(service.hostname, port, subset);
}

export function destinationPort(service: MeshService, wanted: number | undefined, called: number): number | undefined {
  const numbers = service.ports.map(({ number }) => number);
  if (wanted !== undefined) return numbers.includes(wanted) ? wanted : undefined;
  return numbers.length === 1 || !numbers.includes(called) ? numbers[0] : called;
}

/** The span's name: `videos-api.default.svc.cluster.local:10010/*`. */
function decorator(
  cx: TranslateContext,
  destination: VirtualServiceDestination,
  place: DestinationPlace,
): Init<Route>['decorator'] {
  const service = cx.service(destination.host, place.namespace);
  const port = service && destinationPort(service, destination.port?.number, place.port);
  return { operation: `${service?.hostname ?? destination.host}:${port ?? place.port}/*` };
}
