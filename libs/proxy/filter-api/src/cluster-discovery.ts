import type { ConfigSource } from '@weft/model-config-source';

/** Where clusters come from that traffic asks for by name. Source: OnDemandCds, TcpProxy.OnDemand. */
export interface ClusterDiscoverySource {
  readonly source: ConfigSource;
  /** `xdstp://…`: the collection that they are part of; `''`: none. */
  readonly resourcesLocator: string;
}

/** `available`: it is warm, and can be used. `missing`: the server says that there is none. */
export type ClusterDiscoveryOutcome = 'available' | 'missing' | 'timeout';

/** Whoever waits for a cluster. */
export interface ClusterDiscoveryOwner {
  /** Called once, never inside `discover`. */
  onClusterDiscovered(outcome: ClusterDiscoveryOutcome): void;
}

/** A wait that can be given up; the server is asked all the same. After `cancel` nothing is called. */
export interface ClusterDiscoveryHandle {
  cancel(): void;
}

/** Clusters on demand (ODCDS), from one source. */
export interface ClusterDiscovery {
  /**
   * Asks for a cluster that `ClusterManager.get` does not know. Everybody who waits for the same name shares one request and
   * the time of whoever asked first. `timeoutMs` 0 fails at once.
   */
  discover(name: string, timeoutMs: number, owner: ClusterDiscoveryOwner): ClusterDiscoveryHandle;
}
