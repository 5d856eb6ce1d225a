import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { StatsSink } from '@weft/observe-metrics';
import type { ClusterManager } from '@weft/proxy-upstream';
import { LoadReporter, nodeFields, type GrpcChannels, type LoadSource, type NodeIdentity } from '@weft/xds-client';
import type { BootstrapConfig } from './bootstrap.decode.ts';
import { CheckedClusters } from './checked-clusters.ts';
import { HealthDiscovery } from './health-discovery.ts';
import { createStatsSinks } from './stats-sinks.ts';

/** The proxy that reports. */
export interface ReportsOwner {
  readonly config: Pick<BootstrapConfig, 'hds' | 'loadStats' | 'statsSinks'>;
  readonly workerIndex: number;
  readonly identity: NodeIdentity;
  readonly clusters: ClusterManager;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
  readonly stats: StatsScope;
}

/** What a proxy tells servers: where requests went (LRS), who is healthy (HDS), and its stats. Once, however many workers it has. */
export class ProxyReports {
  private readonly owner: ReportsOwner;
  private readonly open: (LoadReporter | HealthDiscovery)[] = [];

  constructor(owner: ReportsOwner) {
    this.owner = owner;
  }

  /** Checks hosts for a server. Several workers would check the same, and tell the same: the first does. */
  startHealthDiscovery(): void {
    const { config, workerIndex, identity, clusters, runtime } = this.owner;
    if (config.hds === undefined || workerIndex > 0) return;
    const checks = new CheckedClusters(clusters, runtime);
    this.start(new HealthDiscovery({ ...this.around, config: config.hds, node: nodeFields(identity), checks }));
  }

  /** Tells the load reporting service what `loads` counts. */
  startLoads(loads: LoadSource): void {
    const { config, identity } = this.owner;
    if (config.loadStats === undefined) return;
    this.start(new LoadReporter({ ...this.around, config: config.loadStats, node: identity, loads }));
  }

  /** Those that are told of all stats. */
  createStatsSinks(): StatsSink[] {
    const { config, identity, channels, runtime } = this.owner;
    return createStatsSinks({ configs: config.statsSinks, identity, channels, runtime });
  }

  close(): void {
    for (const report of this.open) report.close();
  }

  private get around(): Pick<ReportsOwner, 'channels' | 'runtime' | 'stats'> {
    const { channels, runtime, stats } = this.owner;
    return { channels, runtime, stats };
  }

  private start(report: LoadReporter | HealthDiscovery): void {
    this.open.push(report);
    report.start();
  }
}
