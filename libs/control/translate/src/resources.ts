import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Runtime } from '@weft/api-envoy/gen/envoy/service/runtime/v3/rtds_pb';
import type { MeshService } from '@weft/control-mesh';

/** What one proxy is told. Made by `translate`; immutable. */
export interface ProxyResources {
  readonly clusters: readonly Cluster[];
  readonly endpoints: readonly ClusterLoadAssignment[];
  readonly listeners: readonly Listener[];
  readonly routes: readonly RouteConfiguration[];
  /** Layers of the runtime, for proxies whose bootstrap has one that comes by RTDS. */
  readonly runtime: readonly Runtime[];
  /** Names of the secrets that the resources refer to: the server of secrets provides them by SDS. */
  readonly secrets: readonly string[];
}

/** What all proxies of one view are told. */
export interface ViewResources extends ProxyResources {
  /** Those whose clusters are in it: where their endpoints change, it does. */
  readonly services: ReadonlySet<MeshService>;
}

/** The same while it is being made: every aspect adds its own. */
export interface ResourceDraft {
  readonly clusters: Cluster[];
  readonly endpoints: ClusterLoadAssignment[];
  readonly listeners: Listener[];
  readonly routes: RouteConfiguration[];
  readonly runtime: Runtime[];
}

export function emptyDraft(): ResourceDraft {
  return { clusters: [], endpoints: [], listeners: [], routes: [], runtime: [] };
}
