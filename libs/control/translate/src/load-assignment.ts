import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type { MeshEndpoint } from '@weft/control-mesh';
import { make, type Init } from './proto.ts';

type Endpoints = NonNullable<Init<ClusterLoadAssignment>['endpoints']>;
type LbEndpoint = NonNullable<Extract<Endpoints[number], { lbEndpoints?: unknown }>['lbEndpoints']>[number];

/** HealthStatus by number. */
const UNHEALTHY = 2;

/** The endpoints of one cluster, by locality, each at its port. */
export function loadAssignment(
  clusterName: string,
  port: number,
  endpoints: readonly MeshEndpoint[],
): ClusterLoadAssignment {
  const byLocality = Map.groupBy(endpoints, ({ locality }) => locality);
  const localities = [...byLocality.keys()].sort();
  return make<ClusterLoadAssignment>('envoy.config.endpoint.v3.ClusterLoadAssignment', {
    clusterName,
    endpoints: localities.map((locality) => {
      const members = byLocality.get(locality) ?? [];
      return {
        locality: localityOf(locality),
        lbEndpoints: members.map((endpoint) => lbEndpoint(endpoint, port)),
      };
    }),
  });
}

function lbEndpoint(endpoint: MeshEndpoint, port: number): LbEndpoint {
  const { address, ports, weight, healthy, proxied, workload, namespace } = endpoint;
  return {
    hostIdentifier: {
      case: 'endpoint',
      value: {
        address: address.startsWith('unix://')
          ? { address: { case: 'pipe', value: { path: address.slice('unix://'.length) } } }
          : {
              address: {
                case: 'socketAddress',
                value: { address, portSpecifier: { case: 'portValue', value: ports[port] ?? port } },
              },
            },
      },
    },
    ...(healthy ? {} : { healthStatus: UNHEALTHY }),
    // Nobody has a weight of 0: it counts as none given, as in Istio.
    loadBalancingWeight: weight === 0 ? 1 : weight,
    metadata: {
      filterMetadata: {
        ...(proxied ? { 'envoy.transport_socket_match': { tlsMode: 'istio' } } : {}),
        ...(workload === '' ? {} : { istio: { workload: `${workload};${namespace}` } }),
      },
    },
  };
}

function localityOf(text: string): { region?: string; zone?: string; subZone?: string } {
  const [region = '', zone = '', subZone = ''] = text.split('/');
  return { region, zone, subZone };
}
