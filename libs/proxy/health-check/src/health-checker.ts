import { after, type Random, type Timer, type Timers } from '@weft/core-runtime';
import type { Cluster, Host } from '@weft/proxy-filter-api';
import type { HealthCheckConfig } from './health-check.ts';
import { GrpcProbe, HttpProbe } from './http-probe.ts';
import type { Probe, ProbeOutcome, ProbeOwner } from './probe.ts';
import { TcpProbe } from './tcp-probe.ts';

/** `unknown`: no check has ended yet. */
export type HostHealth = 'unknown' | 'healthy' | 'degraded' | 'unhealthy' | 'timeout';

export interface HealthCheckerOptions {
  readonly config: HealthCheckConfig;
  readonly cluster: Cluster;
  readonly host: Host;
  readonly timers: Timers;
  readonly random: Random;
  /** Called when `health` changed. */
  readonly onChange?: (checker: HealthChecker) => void;
}

/** Checks one host until it is closed: idle -> checking -> waiting -> checking … */
export class HealthChecker implements ProbeOwner {
  readonly host: Host;
  health: HostHealth = 'unknown';
  private readonly options: HealthCheckerOptions;
  private probe: Probe | undefined;
  private limit: Timer | undefined;
  private pause: Timer | undefined;
  private failures = 0;
  private successes = 0;
  private closed = false;

  constructor(options: HealthCheckerOptions) {
    this.options = options;
    this.host = options.host;
  }

  start(): void {
    this.begin();
  }

  close(): void {
    this.closed = true;
    this.probe?.cancel();
    this.limit?.cancel();
    this.pause?.cancel();
  }

  onProbe(outcome: ProbeOutcome): void {
    if (this.closed) return;
    this.probe = undefined;
    this.limit?.cancel();
    const before = this.health;
    this.judge(outcome);
    if (this.health !== before) this.options.onChange?.(this);
    const { config, timers, random } = this.options;
    const well = this.health === 'healthy' || this.health === 'degraded';
    const jitterMs = config.jitterMs > 0 ? random.below(Math.ceil(config.jitterMs)) : 0;
    const delayMs = Math.max(1, well ? config.intervalMs : config.unhealthyIntervalMs) + jitterMs;
    this.pause = after(timers, delayMs, () => this.begin());
  }

  private begin(): void {
    const { config, cluster, host, timers } = this.options;
    const probe = probeOf(config.check, { cluster, host }, this);
    this.probe = probe;
    this.limit = after(timers, Math.max(1, config.timeoutMs), () => {
      probe.cancel();
      this.onProbe('timeout');
    });
    probe.start();
  }

  private judge(outcome: ProbeOutcome): void {
    const { unhealthyThreshold, healthyThreshold } = this.options.config;
    const well = this.health === 'healthy' || this.health === 'degraded';
    if (outcome === 'healthy' || outcome === 'degraded') {
      this.failures = 0;
      this.successes += 1;
      // The first answer of all is believed at once, as in Envoy.
      if (well || this.health === 'unknown' || this.successes >= healthyThreshold) this.health = outcome;
      return;
    }
    this.successes = 0;
    this.failures += 1;
    if (outcome === 'unhealthy' || !well || this.failures >= unhealthyThreshold)
      this.health = outcome === 'timeout' ? 'timeout' : 'unhealthy';
  }
}

function probeOf(
  check: HealthCheckConfig['check'],
  around: { cluster: Cluster; host: Host },
  owner: ProbeOwner,
): Probe {
  switch (check.kind) {
    case 'http':
      return new HttpProbe(check, around, owner);
    case 'tcp':
      return new TcpProbe(check, around, owner);
    case 'grpc':
      return new GrpcProbe(check, around, owner);
  }
}
