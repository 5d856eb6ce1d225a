import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { MeshConfig } from '@weft/control-mesh';
import type { TranslateContext } from './context.ts';
import { BLACK_HOLE_CLUSTER, INBOUND_PASSTHROUGH_CLUSTER, PASSTHROUGH_CLUSTER } from './names.ts';
import { duration, make, type Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';

const CONNECT_TIMEOUT_MS = 10_000;

interface FixedClusters {
  readonly blackHole: Cluster;
  readonly passthrough: readonly Cluster[];
}

/** The same messages for all proxies of a mesh, so that they are encoded once; another mesh has its own. */
const made = new WeakMap<MeshConfig, FixedClusters>();

/** Where calls go that nobody described: nowhere, or where they were going. */
export function fixedClusters({ proxy, snapshot }: TranslateContext, draft: ResourceDraft): void {
  let fixed = made.get(snapshot.config);
  if (fixed === undefined) made.set(snapshot.config, (fixed = { blackHole: blackHole(), passthrough: passthrough() }));
  draft.clusters.push(fixed.blackHole);
  // Only redirected connections were going somewhere else.
  if (proxy.role === 'sidecar' && proxy.traffic === 'capture') draft.clusters.push(...fixed.passthrough);
}

function blackHole(): Cluster {
  return make<Cluster>('envoy.config.cluster.v3.Cluster', {
    name: BLACK_HOLE_CLUSTER,
    clusterDiscoveryType: { case: 'type', value: 0 },
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    loadAssignment: { clusterName: BLACK_HOLE_CLUSTER },
  });
}

function passthrough(): Cluster[] {
  return [
    original(PASSTHROUGH_CLUSTER, {}),
    // From this address iptables lets calls to the workload's own through; from any other they would arrive here again.
    original(INBOUND_PASSTHROUGH_CLUSTER, {
      upstreamBindConfig: { sourceAddress: { address: '127.0.0.6', portSpecifier: { case: 'portValue', value: 0 } } },
    }),
  ];
}

/** Goes where the connection was going. */
function original(name: string, init: Init<Cluster>): Cluster {
  return make<Cluster>('envoy.config.cluster.v3.Cluster', {
    name,
    clusterDiscoveryType: { case: 'type', value: 4 },
    lbPolicy: 6,
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    ...init,
  });
}
