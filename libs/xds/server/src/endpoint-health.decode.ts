import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type {
  EndpointHealth as EndpointHealthProto,
  EndpointHealthResponse,
} from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import type { EndpointHealth, HealthState } from './endpoint-health.ts';

const STATES: readonly HealthState[] = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'];

/** By cluster where the proxy says it; older proxies send one list. */
export function decodeEndpointHealth(response: EndpointHealthResponse): readonly EndpointHealth[] {
  const { clusterEndpointsHealth: clusters } = response;
  if (clusters.length === 0) return response.endpointsHealth.map((health) => decode('', health));
  return clusters.flatMap(({ clusterName, localityEndpointsHealth }) =>
    localityEndpointsHealth.flatMap(({ endpointsHealth }) =>
      endpointsHealth.map((health) => decode(clusterName, health)),
    ),
  );
}

function decode(cluster: string, { endpoint, healthStatus }: EndpointHealthProto): EndpointHealth {
  return { cluster, address: addressOf(endpoint?.address), health: STATES[healthStatus] ?? 'UNKNOWN' };
}

function addressOf(address: Address | undefined): string {
  const at = address?.address;
  if (at?.case === 'pipe') return at.value.path;
  if (at?.case !== 'socketAddress') return '';
  const { address: ip, portSpecifier } = at.value;
  const port = portSpecifier.case === 'portValue' ? portSpecifier.value : 0;
  return ip.includes(':') ? `[${ip}]:${String(port)}` : `${ip}:${String(port)}`;
}
