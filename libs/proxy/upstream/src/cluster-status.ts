import { endpointAddressText, type HealthStatus, type Thresholds } from '@weft/model-cluster';
import type {
  AdminAddress,
  CircuitBreakerThresholds,
  ClusterStatus,
  HealthFlag,
  HostStatus,
} from '@weft/observe-admin';
import type { UpstreamHost } from './host.ts';
import type { UpstreamCluster } from './upstream-cluster.ts';

/** One cluster as /clusters shows it. */
export function clusterStatus(cluster: UpstreamCluster, addedViaApi: boolean): ClusterStatus {
  const { config } = cluster;
  return {
    name: config.name,
    observabilityName: config.altStatName,
    addedViaApi,
    thresholds: { default: thresholds(config.circuitBreakers.default), high: thresholds(config.circuitBreakers.high) },
    ...(config.discovery.kind === 'EDS' ? { edsServiceName: config.discovery.eds.serviceName } : {}),
    hosts: cluster.hosts.map(hostStatus),
  };
}

function thresholds({
  maxConnections,
  maxPendingRequests,
  maxRequests,
  maxRetries,
}: Thresholds): CircuitBreakerThresholds {
  return { maxConnections, maxPendingRequests, maxRequests, maxRetries };
}

const FLAGS: Readonly<Record<HealthStatus, readonly HealthFlag[]>> = {
  UNKNOWN: [],
  HEALTHY: [],
  UNHEALTHY: ['failed_eds_health'],
  DRAINING: ['eds_status_draining'],
  TIMEOUT: ['failed_eds_health'],
  DEGRADED: ['degraded_eds_health'],
};

function hostStatus(host: UpstreamHost): HostStatus {
  const { endpoint, locality } = host;
  const address: AdminAddress =
    endpoint.kind === 'socket' ? { ip: endpoint.host, port: endpoint.port } : { path: endpointAddressText(endpoint) };
  return {
    address,
    stats: host.stats,
    hostname: host.hostname,
    healthFlags: FLAGS[host.healthStatus],
    weight: host.weight,
    region: locality.region,
    zone: locality.zone,
    subZone: locality.subZone,
    canary: false,
    priority: host.priority,
    // Success rates are outlier detection's, which there is none of yet.
    successRate: -1,
    localOriginSuccessRate: -1,
  };
}
