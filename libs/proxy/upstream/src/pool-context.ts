import type { Clock, Random, Timers } from '@weft/core-runtime';
import type { ClusterConfig } from '@weft/model-cluster';
import type { RoutePriority } from '@weft/model-route';
import type { Http1ClientSettings } from '@weft/net-h1';
import type { ClusterStats } from './cluster-stats.ts';
import type { ResourceLimits } from './resource-limits.ts';
import type { UpstreamTlsContexts } from './tls-contexts.ts';

/** What all pools of one cluster share. */
export interface PoolContext {
  readonly config: ClusterConfig;
  readonly stats: ClusterStats;
  readonly limits: Readonly<Record<RoutePriority, ResourceLimits>>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Undefined for plain bytes. */
  readonly tls: UpstreamTlsContexts | undefined;
  readonly http1: Http1ClientSettings;
  /** Of all pools together, for the predictive preconnect. */
  readonly demand: Demand;
}

/** What a cluster is provided for. */
export interface Demand {
  /** Requests that connections can take, those under way to be open included. */
  room: number;
}
