import { endpointAddressText, type HealthStatus } from '@weft/model-cluster';
import type { ConfigDumpSection, Json } from '@weft/observe-admin';
import type { ManagedCluster } from '@weft/proxy-upstream';

type Hosts = ManagedCluster['cluster']['hosts'];
type Host = Hosts[number];

/** The hosts of every cluster, as assignments. Source: envoy.admin.v3.EndpointsConfigDump. */
export function endpointsDump(clusters: readonly ManagedCluster[]): ConfigDumpSection {
  const of = (dynamic: boolean): Json[] =>
    clusters
      .filter(({ version }) => (version !== undefined) === dynamic)
      .map((managed) => ({ endpoint_config: assignment(managed) }));
  const statics = of(false);
  const dynamics = of(true);
  return {
    '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
    ...(statics.length === 0 ? {} : { static_endpoint_configs: statics }),
    ...(dynamics.length === 0 ? {} : { dynamic_endpoint_configs: dynamics }),
  };
}

function assignment({ cluster }: ManagedCluster): Json {
  const { discovery } = cluster.config;
  const localities = new Map<string, Host[]>();
  for (const host of cluster.hosts) {
    const { region, zone, subZone } = host.locality;
    const key = JSON.stringify([host.priority, region, zone, subZone]);
    const known = localities.get(key);
    if (known === undefined) localities.set(key, [host]);
    else known.push(host);
  }
  return {
    '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
    cluster_name: discovery.kind === 'EDS' ? discovery.eds.serviceName : cluster.name,
    ...(localities.size === 0 ? {} : { endpoints: [...localities.values()].map(localityJson) }),
    policy: policyJson(cluster),
  };
}

/** What is dropped now, as the runtime limits it; in millionths, as Envoy writes them. */
function policyJson({ policy, overloadDrops }: ManagedCluster['cluster']): Json {
  const { overprovisioningFactor, dropOverload } = policy;
  const share = dropOverload === undefined ? 0 : overloadDrops.shareOf(dropOverload);
  if (dropOverload === undefined || share === 0) return { overprovisioning_factor: overprovisioningFactor };
  const percentage = { numerator: Math.round(share * 1e6), denominator: 'MILLION' };
  return {
    drop_overloads: [{ category: dropOverload.category, drop_percentage: percentage }],
    overprovisioning_factor: overprovisioningFactor,
  };
}

function localityJson(hosts: readonly Host[]): Json {
  const [{ locality, priority }] = hosts as [Host];
  const { region, zone, subZone } = locality;
  return {
    locality: {
      ...(region === '' ? {} : { region }),
      ...(zone === '' ? {} : { zone }),
      ...(subZone === '' ? {} : { sub_zone: subZone }),
    },
    lb_endpoints: hosts.map(hostJson),
    load_balancing_weight: 0,
    ...(priority === 0 ? {} : { priority }),
  };
}

const HEALTH: Readonly<Record<HealthStatus, string>> = {
  UNKNOWN: 'HEALTHY',
  HEALTHY: 'HEALTHY',
  UNHEALTHY: 'UNHEALTHY',
  DRAINING: 'DRAINING',
  TIMEOUT: 'TIMEOUT',
  DEGRADED: 'DEGRADED',
};

function hostJson({ endpoint, hostname, metadata, healthStatus, weight }: Host): Json {
  const address =
    endpoint.kind === 'socket'
      ? { socket_address: { address: endpoint.host, port_value: endpoint.port } }
      : { pipe: { path: endpointAddressText(endpoint) } };
  return {
    endpoint: { address, health_check_config: {}, ...(hostname === '' ? {} : { hostname }) },
    health_status: HEALTH[healthStatus],
    ...(Object.keys(metadata).length === 0 ? {} : { metadata: { filter_metadata: metadata as unknown as Json } }),
    load_balancing_weight: weight,
  };
}
