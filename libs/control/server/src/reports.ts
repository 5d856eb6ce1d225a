import type { Clock } from '@weft/core-runtime';
import type { GrpcServices } from '@weft/core-grpc';
import {
  accessLogService,
  HealthDiscoveryService,
  LoadReportService,
  metricsService,
  type Admit,
} from '@weft/xds-server';
import { AccessLogLedger } from './access-log-ledger.ts';
import { HealthLedger, type HealthOwner } from './health-ledger.ts';
import { LoadLedger } from './load-ledger.ts';
import type { ControlPlaneMetrics } from './metrics.ts';
import { StatsLedger } from './stats-ledger.ts';

export interface ReportsOptions {
  readonly clock: Clock;
  readonly metrics: ControlPlaneMetrics;
  readonly owner: HealthOwner;
  /** Who may report for which node: whoever may have its configuration. */
  readonly admit: Admit;
}

/** What proxies tell the control plane: loads (LRS), health (HDS), access logs (ALS) and stats (MS). */
export class Reports {
  readonly loads: LoadLedger;
  readonly accessLogs: AccessLogLedger;
  readonly stats: StatsLedger;
  readonly services: GrpcServices;
  private readonly health: HealthDiscoveryService;
  private readonly options: ReportsOptions;

  constructor(options: ReportsOptions) {
    const { clock, metrics, owner, admit } = options;
    const isConnected = (nodeId: string): boolean => owner.proxy(nodeId) !== undefined;
    this.options = options;
    this.loads = new LoadLedger(clock, isConnected);
    this.accessLogs = new AccessLogLedger(clock, metrics, isConnected);
    this.stats = new StatsLedger(metrics, isConnected);
    this.health = new HealthDiscoveryService(new HealthLedger(owner), admit);
    this.services = new Map([
      ...new LoadReportService(this.loads, admit).services,
      ...this.health.services,
      ...accessLogService(this.accessLogs, admit),
      ...metricsService(this.stats, admit),
    ]);
  }

  /** The mesh changed, and with it perhaps who is to check what. */
  renew(): void {
    this.health.renew();
  }

  /** A proxy opened a stream: before, nobody knew what it could check. */
  came(nodeId: string): void {
    this.health.renew(nodeId);
  }

  /** The last stream of a proxy ended. */
  left(nodeId: string): void {
    this.loads.left(nodeId);
    this.accessLogs.left(nodeId);
    this.stats.left(nodeId);
    this.options.metrics.forgetNode(nodeId);
  }
}
