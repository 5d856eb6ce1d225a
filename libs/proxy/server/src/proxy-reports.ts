import type { StatsSink } from '@weft/observe-metrics';
import { LoadReporter, nodeFields, type LoadSource } from '@weft/xds-client';
import { CheckedClusters } from './checked-clusters.ts';
import { HealthDiscovery } from './health-discovery.ts';
import type { ProxyServer } from './proxy-server.ts';
import { createStatsSinks } from './stats-sinks.ts';

/** What a proxy tells servers: where requests went (LRS), who is healthy (HDS), and its stats. Once, however many workers it has. */
export class ProxyReports {
  private readonly proxy: ProxyServer;
  private readonly open: (LoadReporter | HealthDiscovery)[] = [];

  constructor(proxy: ProxyServer) {
    this.proxy = proxy;
  }

  /** Checks hosts for a server. Several workers would check the same, and tell the same: the first does. */
  startHealthDiscovery(): void {
    const { config, workerIndex, identity, clusters, runtime } = this.proxy;
    if (config.hds === undefined || workerIndex > 0) return;
    const checks = new CheckedClusters(clusters, runtime);
    this.start(new HealthDiscovery({ ...this.around, config: config.hds, node: nodeFields(identity), checks }));
  }

  /** Tells the load reporting service what `loads` counts. */
  startLoads(loads: LoadSource): void {
    const { config, identity } = this.proxy;
    if (config.loadStats === undefined) return;
    this.start(new LoadReporter({ ...this.around, config: config.loadStats, node: identity, loads }));
  }

  /** Those that are told of all stats. */
  createStatsSinks(): StatsSink[] {
    const { config, identity, channels, runtime } = this.proxy;
    return createStatsSinks({ configs: config.statsSinks, identity, channels, runtime });
  }

  close(): void {
    for (const report of this.open) report.close();
  }

  private get around(): Pick<ProxyServer, 'channels' | 'runtime' | 'stats'> {
    const { channels, runtime, stats } = this.proxy;
    return { channels, runtime, stats };
  }

  private start(report: LoadReporter | HealthDiscovery): void {
    this.open.push(report);
    report.start();
  }
}
