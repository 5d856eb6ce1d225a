import type {
  VirtualServiceHeaderOperations,
  VirtualServiceHttp,
  VirtualServiceHttpHeaders,
  VirtualServiceHttpRewrite,
} from '@weft/api-kube';
import type { HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type {
  DirectResponseAction,
  Route,
  RouteAction,
  WeightedCluster_ClusterWeight,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { BLACK_HOLE_CLUSTER } from './names.ts';
import { durationOf, type Init } from './proto.ts';

const NO_TIMEOUT = { seconds: 0n, nanos: 0 } as const;

/** A destination of calls, resolved to its cluster. */
export interface WeightedTarget {
  readonly cluster: string;
  readonly weight: number;
  readonly headers?: VirtualServiceHttpHeaders | undefined;
}

/** Times: none unless the rule gives one; a gRPC client's own deadline holds. */
export function timeouts(timeout: string | undefined): Init<RouteAction> {
  return {
    timeout: durationOf(timeout) ?? NO_TIMEOUT,
    ...(durationOf(timeout) === undefined
      ? { maxStreamDuration: { maxStreamDuration: NO_TIMEOUT, grpcTimeoutHeaderMax: NO_TIMEOUT } }
      : {}),
  };
}

/** One cluster, or several by weight; a weight of 0 takes no calls. No target at all: the black hole. */
export function clusterSpecifier(
  targets: readonly WeightedTarget[],
): NonNullable<Init<RouteAction>['clusterSpecifier']> {
  const [first] = targets;
  if (first === undefined) return { case: 'cluster', value: BLACK_HOLE_CLUSTER };
  const taking = targets.filter(({ weight }) => weight > 0);
  const single = taking.length === 1 ? taking[0] : targets.length === 1 ? first : undefined;
  if (single !== undefined && single.headers === undefined) return { case: 'cluster', value: single.cluster };
  // Nobody has a weight: nobody has less than another.
  const shares = taking.length > 0 ? taking : targets.map((target) => ({ ...target, weight: 1 }));
  return {
    case: 'weightedClusters',
    value: {
      clusters: shares.map(({ cluster, weight, headers }) => ({ name: cluster, weight, ...levelHeaders(headers) })),
    },
  };
}

/** `headers` of a rule or of a destination. Host is no header that can be set: it is rewritten. */
export function levelHeaders(
  headers: VirtualServiceHttpHeaders | undefined,
): Pick<
  Init<Route>,
  'requestHeadersToAdd' | 'requestHeadersToRemove' | 'responseHeadersToAdd' | 'responseHeadersToRemove'
> &
  Pick<Init<WeightedCluster_ClusterWeight>, 'hostRewriteSpecifier'> {
  if (headers === undefined) return {};
  const { request, response } = headers;
  const authority = requestedHost(request);
  return {
    requestHeadersToAdd: additions(request),
    requestHeadersToRemove: [...(request?.remove ?? [])],
    responseHeadersToAdd: additions(response),
    responseHeadersToRemove: [...(response?.remove ?? [])],
    ...(authority === undefined ? {} : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } }),
  };
}

export function requestedHost(operations: VirtualServiceHeaderOperations | undefined): string | undefined {
  const entry = Object.entries(operations?.set ?? {}).find(([name]) => isHost(name));
  return entry?.[1];
}

function isHost(name: string): boolean {
  return name.toLowerCase() === 'host' || name === ':authority';
}

/** HeaderValueOption.HeaderAppendAction by number. */
const APPEND = 0;
const OVERWRITE = 2;

function additions(operations: VirtualServiceHeaderOperations | undefined): Init<HeaderValueOption>[] {
  const each = (values: Readonly<Record<string, string>> | undefined, appendAction: number) =>
    Object.entries(values ?? {})
      .filter(([name]) => !isHost(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ header: { key, value }, appendAction, keepEmptyValue: value === '' }));
  return [...each(operations?.set, OVERWRITE), ...each(operations?.add, APPEND)];
}

/** `rewrite`, for a route that forwards. */
export function rewriteFields(rewrite: VirtualServiceHttpRewrite | undefined): Init<RouteAction> {
  if (rewrite === undefined) return {};
  const { uri, authority, uriRegexRewrite } = rewrite;
  return {
    ...(uri === undefined || uri === '' ? {} : { prefixRewrite: uri }),
    ...(uriRegexRewrite?.match === undefined
      ? {}
      : { regexRewrite: { pattern: { regex: uriRegexRewrite.match }, substitution: uriRegexRewrite.rewrite ?? '' } }),
    ...(authority === undefined || authority === ''
      ? {}
      : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } }),
  };
}

export function directResponse({ directResponse: response }: VirtualServiceHttp): Init<DirectResponseAction> {
  const { string, bytes } = response?.body ?? {};
  return {
    status: response?.status ?? 200,
    ...(string === undefined ? {} : { body: { specifier: { case: 'inlineString', value: string } } }),
    ...(bytes === undefined
      ? {}
      : { body: { specifier: { case: 'inlineBytes', value: new Uint8Array(Buffer.from(bytes, 'base64')) } } }),
  };
}
