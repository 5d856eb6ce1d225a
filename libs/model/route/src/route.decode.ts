import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  Decorator as DecoratorMessage,
  Route as Message,
  Tracing,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeFraction } from '@weft/model-policy';
import { decodeDirectResponse, decodeRedirect } from './answer.decode.ts';
import { decodeForward } from './forward.decode.ts';
import { decodeLevel } from './level.decode.ts';
import { mergeFilterConfigs, orderMutations, type Level } from './level.ts';
import { decodeRouteMatch } from './route-match.decode.ts';
import type { Decorator, ResolvedRoute, Route, RouteAction, RouteTracing, WeightedCluster } from './route.ts';
import { bufferLimit } from './buffer-limit.decode.ts';
import type { HostContext } from './decode-surroundings.ts';

export const routeSupport: FieldSupport = {
  'envoy.config.route.v3.Route': [
    'name',
    'match',
    'route',
    'redirect',
    'direct_response',
    'non_forwarding_action',
    'decorator',
    'typed_per_filter_config',
    'request_headers_to_add',
    'request_headers_to_remove',
    'response_headers_to_add',
    'response_headers_to_remove',
    'tracing',
    'per_request_buffer_limit_bytes',
    'request_body_buffer_limit',
    'metadata',
  ],
  'envoy.config.route.v3.NonForwardingAction': [],
  'envoy.config.route.v3.Decorator': ['operation', 'propagate'],
  'envoy.config.route.v3.Tracing': ['client_sampling', 'random_sampling', 'overall_sampling'],
  'envoy.type.v3.FractionalPercent': ['numerator', 'denominator'],
};

export function decodeRoute(message: Message, host: HostContext, cx: DecodeContext): Route | undefined {
  const match = decodeRouteMatch(message.match, cx.at('match'));
  const action = decodeAction(message, host, cx);
  const level = decodeLevel(message, host.table.options, cx);
  if (match === undefined || action === undefined) return undefined;
  return resolve(
    {
      name: message.name,
      match,
      action,
      decorator: decodeDecorator(message.decorator),
      tracing: decodeTracing(message.tracing),
      bufferLimitBytes: bufferLimit(message) ?? host.bufferLimitBytes,
      filterConfigs: level.filterConfigs,
      metadata: message.metadata?.filterMetadata,
    },
    { host, level },
  );
}

function decodeAction(message: Message, host: HostContext, cx: DecodeContext): RouteAction | undefined {
  const { action } = message;
  switch (action.case) {
    case 'route':
      return decodeForward(action.value, host, cx.at('route'));
    case 'redirect':
      return decodeRedirect(action.value, cx.at('redirect'));
    case 'directResponse':
      return decodeDirectResponse(action.value, host.table, cx.at('direct_response'));
    case 'nonForwardingAction':
      return { kind: 'non_forwarding' };
    default:
      cx.error('has no action', { expected: 'route, redirect, direct_response or non_forwarding_action' });
      return undefined;
  }
}

/** Makes what `matchRoute` answers for a route: once here, so that no request has to. */
export function resolve(
  fields: Omit<Route, 'resolved'>,
  around: { readonly host: HostContext; readonly level: Level },
): Route {
  const { host, level } = around;
  const { virtualHost, table } = host;
  const resolved: ResolvedRoute[] = [];
  const route: Route = { ...fields, resolved };
  const { action } = route;
  const weighted = action.kind === 'forward' && action.cluster.kind === 'weighted_clusters' && action.cluster.clusters;
  for (const cluster of weighted || [undefined]) {
    const levels = [level, host.level, table.level];
    const requests = levels.map(({ request }) => request);
    const responses = levels.map(({ response }) => response);
    if (cluster !== undefined) {
      requests.unshift(cluster.requestMutation);
      responses.unshift(cluster.responseMutation);
    }
    resolved.push({
      virtualHost,
      route,
      action,
      clusterName: clusterName(action, cluster),
      hostRewrite: action.kind === 'forward' ? (cluster?.hostRewrite ?? action.hostRewrite) : undefined,
      requestMutations: orderMutations(requests, table.mostSpecificWins),
      responseMutations: orderMutations(responses, table.mostSpecificWins),
      filterConfigs: mergeFilterConfigs([
        ...(cluster ? [cluster.filterConfigs] : []),
        ...levels.map(({ filterConfigs }) => filterConfigs),
      ]),
    });
  }
  return route;
}

function clusterName(action: RouteAction, cluster: WeightedCluster | undefined): string {
  if (cluster !== undefined) return cluster.name;
  return action.kind === 'forward' && action.cluster.kind === 'cluster' ? action.cluster.name : '';
}

function decodeDecorator(message: DecoratorMessage | undefined): Decorator | undefined {
  return message && { operation: message.operation, propagate: message.propagate ?? true };
}

function decodeTracing(message: Tracing | undefined): RouteTracing | undefined {
  return (
    message && {
      clientSampling: message.clientSampling && decodeFraction(message.clientSampling),
      randomSampling: message.randomSampling && decodeFraction(message.randomSampling),
      overallSampling: message.overallSampling && decodeFraction(message.overallSampling),
    }
  );
}
