const PREFIX = 'type.googleapis.com/';

/** Type URLs of the resources that Envoy's API discovers. */
export const TYPE_URL = {
  cluster: `${PREFIX}envoy.config.cluster.v3.Cluster`,
  endpoint: `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`,
  listener: `${PREFIX}envoy.config.listener.v3.Listener`,
  route: `${PREFIX}envoy.config.route.v3.RouteConfiguration`,
  /** Named `<route configuration>/<name or host>`. */
  virtualHost: `${PREFIX}envoy.config.route.v3.VirtualHost`,
  scopedRoute: `${PREFIX}envoy.config.route.v3.ScopedRouteConfiguration`,
  secret: `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`,
  extension: `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`,
  runtime: `${PREFIX}envoy.service.runtime.v3.Runtime`,
} as const;

const SHORT = new Map<string, string>([
  [TYPE_URL.cluster, 'cds'],
  [TYPE_URL.endpoint, 'eds'],
  [TYPE_URL.listener, 'lds'],
  [TYPE_URL.route, 'rds'],
  [TYPE_URL.virtualHost, 'vhds'],
  [TYPE_URL.scopedRoute, 'srds'],
  [TYPE_URL.secret, 'sds'],
  [TYPE_URL.extension, 'ecds'],
  [TYPE_URL.runtime, 'rtds'],
]);

/** `cds` for clusters; the type URL itself where there is no short name. */
export function shortType(typeUrl: string): string {
  return SHORT.get(typeUrl) ?? typeUrl;
}

/**
 * Types whose state-of-the-world responses hold every resource that there is, what is missing being removed, and which an empty
 * first subscription asks for as a whole. Source: xDS protocol, "How the client specifies what resources to return".
 */
export function isFullStateType(typeUrl: string): boolean {
  return typeUrl === TYPE_URL.cluster || typeUrl === TYPE_URL.listener;
}

export function typeUrlOf(typeName: string): string {
  return PREFIX + typeName;
}
