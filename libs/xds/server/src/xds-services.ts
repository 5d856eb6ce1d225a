import { TYPE_URL } from './type-urls.ts';

/** One discovery service of Envoy's API: its gRPC methods and its path for JSON over HTTP. */
export interface DiscoveryService {
  readonly typeUrl: string;
  readonly service: string;
  /** `Clusters` of StreamClusters, DeltaClusters and FetchClusters. */
  readonly noun: string;
  /** `clusters` of `POST /v3/discovery:clusters`. */
  readonly rest: string;
}

export const AGGREGATED_SERVICE = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

/** VHDS is incremental, and nothing else. */
export const VIRTUAL_HOSTS_METHOD = '/envoy.service.route.v3.VirtualHostDiscoveryService/DeltaVirtualHosts';

export const DISCOVERY_SERVICES: readonly DiscoveryService[] = [
  of('cluster', 'cluster.v3.ClusterDiscoveryService', 'Clusters', 'clusters'),
  of('endpoint', 'endpoint.v3.EndpointDiscoveryService', 'Endpoints', 'endpoints'),
  of('listener', 'listener.v3.ListenerDiscoveryService', 'Listeners', 'listeners'),
  of('route', 'route.v3.RouteDiscoveryService', 'Routes', 'routes'),
  of('scopedRoute', 'route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes', 'scoped-routes'),
  of('secret', 'secret.v3.SecretDiscoveryService', 'Secrets', 'secrets'),
  of('extension', 'extension.v3.ExtensionConfigDiscoveryService', 'ExtensionConfigs', 'extension_configs'),
  of('runtime', 'runtime.v3.RuntimeDiscoveryService', 'Runtime', 'runtime'),
];

function of(type: keyof typeof TYPE_URL, service: string, noun: string, rest: string): DiscoveryService {
  return { typeUrl: TYPE_URL[type], service: `envoy.service.${service}`, noun, rest };
}
