import type { ServiceProfileRoute, ServiceProfileRouteCondition, ServiceProfileSpec } from '@weft/api-kube';
import type { Route, RouteMatch } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { resolveHost, type MeshObject, type MeshService, type MeshSnapshot, type PortPolicy } from '@weft/control-mesh';
import { from as tag } from './behind.ts';
import type { TranslateContext } from './context.ts';
import { outboundCluster } from './names.ts';
import type { Init } from './proto.ts';
import { otherHosts, retryPlan } from './retries.ts';
import { timeouts } from './route-action.ts';
import { ANY_PATH, headerMatcher } from './route-match.ts';

/** Linkerd's default: retries may add a fifth to the requests, or ten a second. Source: linkerd.io/v1alpha2 ServiceProfile. */
const DEFAULT_RATIO = 0.2;
/** A retried request is tried so often at most; the budget is what limits the whole. */
const ATTEMPTS = 10;

const byHost = new WeakMap<MeshSnapshot, ReadonlyMap<string, readonly MeshObject<ServiceProfileSpec>[]>>();

function profilesByHost(snapshot: MeshSnapshot): ReadonlyMap<string, readonly MeshObject<ServiceProfileSpec>[]> {
  let known = byHost.get(snapshot);
  if (known === undefined) {
    const { serviceProfiles } = snapshot.policies;
    known = Map.groupBy(serviceProfiles, ({ ref }) => resolveHost(snapshot, ref.name, ref.namespace));
    byHost.set(snapshot, known);
  }
  return known;
}

/** The profile of a service: the client's namespace's, else the service's; its name is the host. */
export function serviceProfile(cx: TranslateContext, service: MeshService): MeshObject<ServiceProfileSpec> | undefined {
  const named = profilesByHost(cx.snapshot).get(service.hostname) ?? [];
  return (
    named.find(({ ref }) => ref.namespace === cx.proxy.namespace) ??
    named.find(({ ref }) => ref.namespace === service.namespace)
  );
}

/** The budget of a service whose profile retries anything. */
export function profileRetryBudget(cx: TranslateContext, service: MeshService): Pick<PortPolicy, 'retryBudget'> {
  const profile = serviceProfile(cx, service);
  if (profile?.spec.routes?.some(({ isRetryable }) => isRetryable === true) !== true) return {};
  const { retryRatio = DEFAULT_RATIO, minRetriesPerSecond = 10 } = profile.spec.retryBudget ?? {};
  return { retryBudget: { percent: retryRatio * 100, minRetryConcurrency: minRetriesPerSecond } };
}

/** The routes of a profile, in order; what none of them takes goes to the service as it would without. */
export function serviceProfileRoutes(cx: TranslateContext, service: MeshService, port: number): Init<Route>[] {
  const profile = serviceProfile(cx, service);
  const cluster = outboundCluster(service.hostname, port);
  const routes = (profile?.spec.routes ?? []).flatMap((route) => {
    const match = conditionMatch(route.condition);
    return match === undefined || profile === undefined
      ? []
      : [tag(profileRoute(route, match, cluster), [profile.ref])];
  });
  if (profile !== undefined && routes.length > 0) cx.trace?.acts(profile);
  if (profile !== undefined) profilesLose(cx, service, profile, "it is of the callers' own namespace");
  return routes;
}

/** For those who ask: the profiles of a service that `winner` takes the place of. */
export function profilesLose(cx: TranslateContext, { hostname }: MeshService, winner: MeshObject, why: string): void {
  if (cx.trace === undefined) return;
  for (const profile of profilesByHost(cx.snapshot).get(hostname) ?? [])
    if (profile !== winner) cx.trace.loses(profile, winner, why);
}

function profileRoute(
  { name, isRetryable, timeout }: ServiceProfileRoute,
  match: Init<RouteMatch>,
  cluster: string,
): Init<Route> {
  const retryPolicy =
    isRetryable === true
      ? { retryOn: '5xx,reset', numRetries: ATTEMPTS, ...otherHosts() }
      : retryPlan(undefined).policy;
  return {
    name,
    match,
    action: {
      case: 'route',
      value: {
        clusterSpecifier: { case: 'cluster', value: cluster },
        ...timeouts(timeout),
        ...(retryPolicy === undefined ? {} : { retryPolicy }),
      },
    },
  };
}

/** A condition of one level: method and path. Those with `all`, `any` or `not` come later, and are refused by name. */
function conditionMatch({
  method,
  pathRegex,
  all,
  any,
  not,
}: ServiceProfileRouteCondition): Init<RouteMatch> | undefined {
  if (all !== undefined || any !== undefined || not !== undefined) return undefined;
  return {
    ...(pathRegex === undefined ? ANY_PATH : { pathSpecifier: { case: 'safeRegex', value: { regex: pathRegex } } }),
    headers: method === undefined ? [] : [headerMatcher(':method', { exact: method })],
  };
}
