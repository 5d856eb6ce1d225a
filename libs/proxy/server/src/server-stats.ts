import type { Clock } from '@weft/core-runtime';
import type { Gauge, StatsScope } from '@weft/core-stats';
import type { ServerState } from '@weft/observe-admin';
import { daysUntil } from '@weft/proxy-transport-sockets';
import type { DataPlaneFacts } from './data-plane.ts';
import { versionString } from './version.ts';

/** As the gauge `server.state` shows them. Source: envoy.admin.v3.ServerInfo.State. */
const STATE_NUMBERS: Readonly<Record<ServerState, number>> = {
  LIVE: 0,
  DRAINING: 1,
  PRE_INITIALIZING: 2,
  INITIALIZING: 3,
};

/** `server.`: Envoy's server statistics. */
export class ServerStats {
  readonly startMs: number;
  private readonly clock: Clock;
  private readonly live: Gauge;
  private readonly totalConnections: Gauge;
  private readonly parentConnections: Gauge;
  private readonly stateGauge: Gauge;
  private readonly uptime: Gauge;
  private readonly certificateDays: Gauge;
  private readonly memoryAllocated: Gauge;
  private readonly memoryHeapSize: Gauge;
  private readonly memoryPhysical: Gauge;

  constructor(
    scope: StatsScope,
    about: { clock: Clock; concurrency: number; restartEpoch: number; generation: number },
  ) {
    const { clock, concurrency, restartEpoch, generation } = about;
    this.clock = clock;
    this.startMs = clock.nowMs();
    this.live = scope.gauge('live');
    this.stateGauge = scope.gauge('state');
    this.uptime = scope.gauge('uptime');
    this.certificateDays = scope.gauge('days_until_first_cert_expiring');
    this.memoryAllocated = scope.gauge('memory_allocated');
    this.memoryHeapSize = scope.gauge('memory_heap_size');
    this.memoryPhysical = scope.gauge('memory_physical_size');
    scope.gauge('concurrency').set(concurrency);
    scope.gauge('hot_restart_epoch').set(restartEpoch);
    scope.gauge('hot_restart_generation').set(generation);
    this.totalConnections = scope.gauge('total_connections');
    this.parentConnections = scope.gauge('parent_connections');
    for (const name of [
      'seconds_until_first_ocsp_response_expiring',
      'stats_recent_lookups',
      'compilation_settings.fips_mode',
    ])
      // prettier-ignore
      scope.gauge(name);
    for (const name of [
      'debug_assertion_failures',
      'envoy_bug_failures',
      'static_unknown_fields',
      'dynamic_unknown_fields',
      'dropped_stat_flushes',
      'wip_protos',
      'main_thread.watchdog_mega_miss',
      'main_thread.watchdog_miss',
    ])
      // prettier-ignore
      scope.counter(name);
    scope.histogram('initialization_time_ms');
    // The first 24 bits of the revision, as Envoy shows its own.
    scope.gauge('version').set(Number.parseInt(versionString().slice(0, 6), 16));
    this.state('PRE_INITIALIZING');
  }

  state(state: ServerState): void {
    this.stateGauge.set(STATE_NUMBERS[state]);
    this.live.set(state === 'LIVE' ? 1 : 0);
  }

  /** Brings the gauges that nobody pushes up to date: called before stats are read. */
  refresh(facts: DataPlaneFacts, parentConnections: number): void {
    this.uptime.set(Math.floor((this.clock.nowMs() - this.startMs) / 1000));
    const { firstCertExpiryMs } = facts;
    this.certificateDays.set(firstCertExpiryMs === undefined ? 0 : daysUntil(firstCertExpiryMs, this.clock));
    this.memoryAllocated.set(facts.heapUsed);
    this.memoryHeapSize.set(facts.heapTotal);
    this.memoryPhysical.set(process.memoryUsage.rss());
    this.totalConnections.set(facts.connections + parentConnections);
    this.parentConnections.set(parentConnections);
  }
}
