/** The discovery service of each type that has one of its own. Source: the services of envoy.service. */
const SERVICES: Readonly<Record<string, readonly [service: string, noun: string, rest: string]>> = {
  'envoy.config.cluster.v3.Cluster': ['envoy.service.cluster.v3.ClusterDiscoveryService', 'Clusters', 'clusters'],
  'envoy.config.endpoint.v3.ClusterLoadAssignment': [
    'envoy.service.endpoint.v3.EndpointDiscoveryService',
    'Endpoints',
    'endpoints',
  ],
  'envoy.config.listener.v3.Listener': ['envoy.service.listener.v3.ListenerDiscoveryService', 'Listeners', 'listeners'],
  'envoy.config.route.v3.RouteConfiguration': ['envoy.service.route.v3.RouteDiscoveryService', 'Routes', 'routes'],
  'envoy.config.route.v3.ScopedRouteConfiguration': [
    'envoy.service.route.v3.ScopedRoutesDiscoveryService',
    'ScopedRoutes',
    'scoped-routes',
  ],
  'envoy.config.route.v3.VirtualHost': ['envoy.service.route.v3.VirtualHostDiscoveryService', 'VirtualHosts', ''],
  'envoy.extensions.transport_sockets.tls.v3.Secret': [
    'envoy.service.secret.v3.SecretDiscoveryService',
    'Secrets',
    'secrets',
  ],
  'envoy.service.runtime.v3.Runtime': ['envoy.service.runtime.v3.RuntimeDiscoveryService', 'Runtime', 'runtime'],
  'envoy.config.core.v3.TypedExtensionConfig': [
    'envoy.service.extension.v3.ExtensionConfigDiscoveryService',
    'ExtensionConfigs',
    'extension_configs',
  ],
};

/** `/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters`. `typeName` undefined: the aggregated stream. */
export function streamMethod(typeName: string | undefined, verb: 'Stream' | 'Delta'): string | undefined {
  if (typeName === undefined)
    return `/envoy.service.discovery.v3.AggregatedDiscoveryService/${verb}AggregatedResources`;
  const found = SERVICES[typeName];
  return found === undefined ? undefined : `/${found[0]}/${verb}${found[1]}`;
}

/** `/v3/discovery:clusters`; undefined for types that cannot be polled. */
export function restPath(typeName: string): string | undefined {
  const rest = SERVICES[typeName]?.[2] ?? '';
  return rest === '' ? undefined : `/v3/discovery:${rest}`;
}
