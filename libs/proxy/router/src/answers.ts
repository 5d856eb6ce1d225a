import { ResponseFlag, ResponseHeaderMap, type RequestHeaderMap } from '@weft/core-http';
import { applyMutations, malformedOverride } from '@weft/model-policy';
import {
  redirectLocation,
  rewritePath,
  type DirectResponseAction,
  type RedirectAction,
  type ResolvedRoute,
} from '@weft/model-route';
import type { Cluster, FilterStream } from '@weft/proxy-filter-api';
import type { PreparedRouter } from './prepared.ts';

/** What the router says in the upstream's place. */
export interface RouterReply {
  readonly status: number;
  readonly body: string;
  /** %RESPONSE_CODE_DETAILS%. */
  readonly details: string;
  /** Bits of ResponseFlag. */
  readonly flags: number;
  /** A header that says `true`: what other proxies should know of the reason. Not where Envoy's headers are suppressed. */
  readonly marker?: 'x-envoy-overloaded' | 'x-envoy-drop-overload' | 'x-envoy-unconditional-drop-overload' | undefined;
  readonly location?: string;
  /** For `x-envoy-attempt-count`; 0 before any attempt. */
  readonly attempts?: number;
}

/** Sends a reply, with the route's mutations of response headers as on any other response. */
export function sendReply(
  router: PreparedRouter,
  stream: FilterStream,
  route: ResolvedRoute | undefined,
  reply: RouterReply,
): void {
  const { status, body, details, flags } = reply;
  // Before the headers are made: those of the route may tell both.
  stream.info.setFlag(flags);
  stream.info.responseCodeDetails = details;
  const head = new ResponseHeaderMap(status);
  if (reply.location !== undefined) head.add('location', reply.location);
  if (route !== undefined) applyMutations(route.responseMutations, head, stream);
  if (reply.marker !== undefined && !router.config.suppressEnvoyHeaders) head.set(reply.marker, 'true');
  if (reply.attempts !== undefined && route?.virtualHost.includeAttemptCountInResponse === true)
    head.set('x-envoy-attempt-count', String(reply.attempts));
  stream.reply({ status, body, details, flags, headers: head.raw });
}

/** The cluster to forward a request to. Undefined: there was none to be asked, and the client has its answer. */
export function answerWithoutUpstream(
  router: PreparedRouter,
  stream: FilterStream,
  headers: RequestHeaderMap,
): Cluster | undefined {
  const { route } = stream;
  if (route === undefined) {
    router.routerStats.noRoute.inc();
    const flags = ResponseFlag.NoRouteFound;
    sendReply(router, stream, route, { status: 404, body: '', details: 'route_not_found', flags });
    return undefined;
  }
  const { action } = route;
  if (action.kind === 'redirect') redirect(router, stream, { route, action, headers });
  else if (action.kind === 'direct_response') respond(router, stream, { route, action, headers });
  if (action.kind === 'redirect' || action.kind === 'direct_response') return undefined;
  const cluster = action.kind === 'forward' ? router.clusters.get(route.clusterName) : undefined;
  if (cluster === undefined) {
    router.routerStats.noCluster.inc();
    const status = action.kind === 'forward' ? action.clusterNotFoundStatus : 503;
    const flags = ResponseFlag.NoClusterFound;
    sendReply(router, stream, route, { status, body: '', details: 'cluster_not_found', flags });
    return undefined;
  }
  return refused(router, stream, { route, cluster, headers }) ? undefined : cluster;
}

/** Malformed `x-envoy-` headers, where they are checked, the cluster's maintenance mode, and its endpoints' drop policy. */
function refused(
  router: PreparedRouter,
  stream: FilterStream,
  request: { readonly route: ResolvedRoute; readonly cluster: Cluster; readonly headers: RequestHeaderMap },
): boolean {
  const { route, cluster, headers } = request;
  const { strictCheckHeaders } = router.config;
  const malformed = strictCheckHeaders.length > 0 ? malformedOverride(headers, strictCheckHeaders) : undefined;
  if (malformed !== undefined) {
    sendReply(router, stream, undefined, {
      status: 400,
      body: `invalid header '${malformed.name}' with value '${malformed.value}'`,
      details: `request_headers_failed_strict_check{${malformed.name}}`,
      flags: ResponseFlag.InvalidEnvoyRequestHeaders,
    });
    return true;
  }
  const reply = shedReply(cluster);
  if (reply === undefined) return false;
  stream.info.upstreamCluster = cluster.name;
  if (router.config.dynamicStats) {
    cluster.requestStats.dropped += 1;
    cluster.requestStats.chargeResponse(503, stream.internalRequest);
  }
  sendReply(router, stream, route, reply);
  return true;
}

const MAINTENANCE: RouterReply = {
  status: 503,
  body: 'maintenance mode',
  details: 'maintenance_mode',
  flags: ResponseFlag.UpstreamOverflow,
  marker: 'x-envoy-overloaded',
};
const DROPPED: Readonly<Record<'all' | 'this', RouterReply>> = {
  all: {
    status: 503,
    body: 'unconditional drop overload',
    details: 'unconditional_drop_overload',
    flags: ResponseFlag.UnconditionalDropOverload,
    marker: 'x-envoy-unconditional-drop-overload',
  },
  this: {
    status: 503,
    body: 'drop overload',
    details: 'drop_overload',
    flags: ResponseFlag.DropOverload,
    marker: 'x-envoy-drop-overload',
  },
};

/** The cluster itself takes no request now, or not this one. */
function shedReply(cluster: Cluster): RouterReply | undefined {
  if (cluster.maintenanceMode) {
    cluster.requestStats.upstreamRqMaintenanceMode.inc();
    return MAINTENANCE;
  }
  const dropped = cluster.decideDrop();
  return dropped === undefined ? undefined : DROPPED[dropped];
}

interface Answered<A> {
  readonly route: ResolvedRoute;
  readonly action: A;
  readonly headers: RequestHeaderMap;
}

function redirect(router: PreparedRouter, stream: FilterStream, answered: Answered<RedirectAction>): void {
  const { route, action, headers } = answered;
  router.routerStats.rqDirectResponse.inc();
  if (action.pathRewrite !== undefined) {
    const original = headers.path;
    headers.path = rewritePath(action.pathRewrite, route.route, original);
    // For the access log, which shows the path that the client asked for.
    if (!router.config.suppressEnvoyHeaders) headers.set('x-envoy-original-path', original);
  }
  sendReply(router, stream, route, {
    status: action.status,
    body: '',
    details: 'direct_response',
    flags: 0,
    location: redirectLocation(action, headers),
  });
}

function respond(router: PreparedRouter, stream: FilterStream, answered: Answered<DirectResponseAction>): void {
  const { route, action, headers } = answered;
  router.routerStats.rqDirectResponse.inc();
  const { status, body } = action;
  const located = status === 201 || (status >= 300 && status < 400);
  const reply: RouterReply = { status, body, details: 'direct_response', flags: 0 };
  const location = `${headers.scheme}://${headers.authority}${headers.path}`;
  sendReply(router, stream, route, located ? { ...reply, location } : reply);
}
