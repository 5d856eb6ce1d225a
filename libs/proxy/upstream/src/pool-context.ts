import type { Clock, Timers } from '@weft/core-runtime';
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
  /** Undefined for plain bytes. */
  readonly tls: UpstreamTlsContexts | undefined;
  readonly http1: Http1ClientSettings;
}
