import type { Locality } from './locality.ts';

/** What one proxy sent to one locality of a cluster since its last report. Source: UpstreamLocalityStats. */
export interface LocalityLoad {
  readonly locality: Locality;
  readonly priority: number;
  readonly succeeded: number;
  readonly inProgress: number;
  readonly failed: number;
  readonly issued: number;
}

/** Source: ClusterStats. */
export interface ClusterLoad {
  readonly cluster: string;
  /** EDS service name; empty when it is the cluster's. */
  readonly serviceName: string;
  readonly localities: readonly LocalityLoad[];
  readonly dropped: number;
  readonly droppedByCategory: Readonly<Record<string, number>>;
  /** The time that the numbers cover, in milliseconds. */
  readonly intervalMs: number;
}

/** Which loads a proxy is to report, and how often. */
export interface LoadReportWish {
  /** `all`: those of every cluster that it has. */
  readonly clusters: 'all' | readonly string[];
  readonly intervalMs: number;
}
