import type { Clock } from '@weft/core-runtime';
import type { Counter, Gauge, Histogram, StatsScope, TextReadout } from '@weft/core-stats';
import { createHash } from 'node:crypto';

/** What every subscription counts under its prefix (`cluster_manager.cds.` …). Source: Envoy's xDS subscription statistics. */
export class SubscriptionStats {
  readonly updateAttempt: Counter;
  readonly initFetchTimeout: Counter;
  private readonly updateSuccess: Counter;
  private readonly updateFailure: Counter;
  private readonly updateRejected: Counter;
  private readonly updateTime: Gauge;
  private readonly updateDuration: Histogram;
  private readonly version: Gauge;
  private readonly versionText: TextReadout;
  private readonly configReload: Counter;
  private readonly configReloadTimeMs: Gauge;
  private readonly clock: Clock;

  constructor(scope: StatsScope, clock: Clock) {
    this.clock = clock;
    this.updateAttempt = scope.counter('update_attempt');
    this.updateSuccess = scope.counter('update_success');
    this.updateFailure = scope.counter('update_failure');
    this.updateRejected = scope.counter('update_rejected');
    this.updateTime = scope.gauge('update_time');
    this.updateDuration = scope.histogram('update_duration');
    this.version = scope.gauge('version');
    this.versionText = scope.text('version_text');
    this.configReload = scope.counter('config_reload');
    this.configReloadTimeMs = scope.gauge('config_reload_time_ms');
    this.initFetchTimeout = scope.counter('init_fetch_timeout');
  }

  accepted(version: string, startMs: number): void {
    this.updateSuccess.inc();
    this.updateTime.set(this.clock.wallMs());
    this.configReload.inc();
    this.configReloadTimeMs.set(this.clock.wallMs());
    this.updateDuration.record(this.clock.nowMs() - startMs);
    this.versionText.set(version);
    // Envoy shows a 64-bit hash; a gauge of ours holds 52 bits exactly.
    this.version.set(parseInt(createHash('sha256').update(version).digest('hex').slice(0, 13), 16));
  }

  rejected(): void {
    this.updateRejected.inc();
  }

  failed(): void {
    this.updateFailure.inc();
  }
}
