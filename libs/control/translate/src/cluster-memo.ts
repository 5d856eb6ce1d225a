import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type { MeshEndpoint, MeshService } from '@weft/control-mesh';

/** One cluster, and its endpoints where it asks for them. */
export interface MadeCluster {
  readonly cluster: Cluster;
  readonly assignment: ClusterLoadAssignment | undefined;
}

interface OfService {
  readonly endpoints: readonly MeshEndpoint[];
  readonly made: Map<string, MadeCluster>;
}

/**
 * What was made of a service before: a thousand proxies that are told the same share the messages, and whoever encodes them
 * needs to do so once. The service, its endpoints and `key` together are everything that a cluster depends on; services and
 * lists of endpoints are immutable, so nothing here can be out of date.
 */
const memo = new WeakMap<MeshService, OfService>();

export function madeBefore(
  service: MeshService,
  endpoints: readonly MeshEndpoint[],
  key: string,
  make: () => MadeCluster,
): MadeCluster {
  let known = memo.get(service);
  if (known?.endpoints !== endpoints) memo.set(service, (known = { endpoints, made: new Map() }));
  let made = known.made.get(key);
  if (made === undefined) known.made.set(key, (made = make()));
  return made;
}
