import type { Clock, Logger, Random, Timers } from '@weft/core-runtime';
import type { ClusterConfig, SourceAddress } from '@weft/model-cluster';
import type { RoutePriority } from '@weft/model-route';
import type { InternalListeners } from '@weft/proxy-filter-api';
import type { CodecSettings } from './client-codecs.ts';
import type { ClusterStats } from './cluster-stats.ts';
import type { ResourceLimits } from './resource-limits.ts';

/** What all pools of one cluster share. */
export interface PoolContext {
  readonly config: ClusterConfig;
  readonly stats: ClusterStats;
  readonly limits: Readonly<Record<RoutePriority, ResourceLimits>>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Where connections come from unless the cluster says so. */
  readonly sourceAddresses: readonly SourceAddress[];
  /** For hosts that are listeners of this process; undefined: there are none. */
  readonly internalListeners: InternalListeners | undefined;
  readonly codecs: CodecSettings;
  /** Of all pools together, for the predictive preconnect. */
  readonly demand: Demand;
}

/** What a cluster is provided for. */
export interface Demand {
  /** Requests that connections can take, those under way to be open included. */
  room: number;
}
