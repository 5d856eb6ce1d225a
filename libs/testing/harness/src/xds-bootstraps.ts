import { connectionManager, listener, loopback } from './bootstraps.ts';
import { http2Upstream } from './tls-bootstraps.ts';

// Bootstraps that take everything by xDS, and the resources that a control plane gives, as plain objects.
type Json = Readonly<Record<string, unknown>>;

const TYPE = 'type.googleapis.com/envoy.config';
/** The only cluster that such a proxy has of its own. */
export const CONTROL_PLANE_CLUSTER = 'control-plane';
export const FROM_ADS: Json = { ads: {}, resource_api_version: 'V3' };

/** How a stream speaks: the state of the world, or what changed. */
export type XdsForm = 'sotw' | 'delta';

export interface XdsBootstrap {
  readonly node: string;
  /** Where the control plane serves on the loopback. */
  readonly port: number;
  readonly form: XdsForm;
  /** Added to the cluster that leads to the control plane, e.g. its transport socket. */
  readonly controlCluster?: Json;
}

/** A proxy without listeners and clusters of its own but the way to its control plane. */
export const xdsBootstrap = ({ node, port, form, controlCluster = {} }: XdsBootstrap): Json => ({
  node: { id: node, cluster: 'suite' },
  dynamic_resources: {
    ads_config: {
      api_type: form === 'sotw' ? 'GRPC' : 'DELTA_GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: CONTROL_PLANE_CLUSTER } }],
    },
    cds_config: FROM_ADS,
    lds_config: FROM_ADS,
  },
  static_resources: {
    clusters: [
      {
        name: CONTROL_PLANE_CLUSTER,
        type: 'STATIC',
        connect_timeout: '1s',
        load_assignment: {
          cluster_name: CONTROL_PLANE_CLUSTER,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }],
        },
        ...http2Upstream(),
        ...controlCluster,
      },
    ],
  },
});

/** A cluster whose endpoints come by the same stream; `fields` are added to it. */
export const edsCluster = (name: string, fields: Json = {}): Json => ({
  '@type': `${TYPE}.cluster.v3.Cluster`,
  name,
  type: 'EDS',
  connect_timeout: '1s',
  eds_cluster_config: { eds_config: FROM_ADS },
  ...fields,
});

export const endpointsOf = (name: string, ports: readonly number[]): Json => ({
  '@type': `${TYPE}.endpoint.v3.ClusterLoadAssignment`,
  cluster_name: name,
  endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: loopback(port) } })) }],
});

/** An HTTP listener on a port of the system's choice whose routes come by the same stream; `fields` are added to its manager. */
export const rdsListener = (name: string, routes: string, fields: Json = {}): Json => ({
  '@type': `${TYPE}.listener.v3.Listener`,
  ...listener(
    name,
    connectionManager(name, { rds: { route_config_name: routes, config_source: FROM_ADS }, ...fields }),
  ),
});

/** Everything goes to one cluster; `action` is added to the route's. */
export const routesTo = (name: string, cluster: string, action: Json = {}): Json => ({
  '@type': `${TYPE}.route.v3.RouteConfiguration`,
  name,
  virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster, ...action } }] }],
});
