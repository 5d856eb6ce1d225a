import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import type { Counter, Gauge, Histogram, StatsScope } from '@weft/core-stats';
import type { DataPlane, DataPlaneFacts } from '../data-plane.ts';
import type { OverloadReading } from './overload-state.ts';
import type { OverloadConfig, TriggeredConfig } from './overload.decode.ts';
import { createMonitor, type ResourceMonitor } from './resource-monitors.ts';

interface Resource {
  readonly name: string;
  readonly read: ResourceMonitor;
  readonly pressure: Gauge;
  readonly failedUpdates: Counter;
  readonly skippedUpdates: Counter;
  value: number;
  failing: boolean;
}

interface Triggered {
  readonly config: TriggeredConfig;
  readonly active: Gauge | undefined;
  readonly scalePercent: Gauge;
}

/**
 * Watches the resources of the process and tells the data plane which actions to take: on the main thread, every
 * `refresh_interval`. Source: envoy.config.overload.v3.OverloadManager.
 */
export class OverloadManager {
  private readonly config: OverloadConfig;
  private readonly runtime: Runtime;
  private readonly plane: DataPlane;
  private readonly logger: Logger;
  private readonly resources: readonly Resource[];
  private readonly actions: readonly Triggered[];
  private readonly points: readonly Triggered[];
  private readonly refreshDelay: Histogram;
  private timer: Timer | undefined;
  private running = false;
  private last = '';

  constructor(config: OverloadConfig, world: { runtime: Runtime; stats: StatsScope; plane: DataPlane }) {
    this.config = config;
    this.runtime = world.runtime;
    this.plane = world.plane;
    this.logger = world.runtime.loggers.get('main');
    const scope = world.stats.scope('overload.');
    this.resources = config.monitors.map((monitor) => ({
      name: monitor.name,
      read: createMonitor(monitor, world.runtime),
      pressure: scope.gauge(`${monitor.name}.pressure`),
      failedUpdates: scope.counter(`${monitor.name}.failed_updates`),
      skippedUpdates: scope.counter(`${monitor.name}.skipped_updates`),
      value: 0,
      failing: false,
    }));
    this.refreshDelay = scope.histogram('refresh_interval_delay');
    this.actions = config.actions.map((action) => ({
      config: action,
      active: scope.gauge(`${action.name}.active`),
      scalePercent: scope.gauge(`${action.name}.scale_percent`),
    }));
    this.points = config.points.map((point) => ({
      config: point,
      active: undefined,
      scalePercent: scope.gauge(`envoy.load_shed_points.${point.name}.scale_percent`),
    }));
  }

  start(): void {
    if (this.resources.length === 0 || this.running) return;
    this.running = true;
    this.again();
  }

  stop(): void {
    this.running = false;
    this.timer?.cancel();
  }

  /** One look at all resources. */
  async update(): Promise<void> {
    const facts = await this.plane.refresh();
    for (const resource of this.resources) this.read(resource, facts);
    const reading: OverloadReading = { actions: this.shares(this.actions), points: this.shares(this.points) };
    const text = JSON.stringify(reading);
    if (text === this.last) return;
    this.last = text;
    await this.plane.setOverload(reading);
  }

  private again(): void {
    const dueMs = this.runtime.clock.nowMs() + this.config.refreshIntervalMs;
    this.timer = after(this.runtime.timers, this.config.refreshIntervalMs, () => {
      this.refreshDelay.record(this.config.refreshIntervalMs + this.runtime.clock.nowMs() - dueMs);
      void this.update().finally(() => {
        if (this.running) this.again();
      });
    });
  }

  private read(resource: Resource, facts: DataPlaneFacts): void {
    try {
      resource.value = resource.read(facts);
      resource.pressure.set(Math.round(resource.value * 100));
      resource.failing = false;
    } catch (error) {
      // The last value stays, as in Envoy: a file that is being replaced must not end an action.
      resource.failedUpdates.inc();
      if (!resource.failing) this.logger.warning(`Resource monitor ${resource.name}: ${(error as Error).message}.`);
      resource.failing = true;
    }
  }

  private shares(list: readonly Triggered[]): Record<string, number> {
    const shares: Record<string, number> = {};
    for (const { config, active, scalePercent } of list) {
      const share = Math.max(0, ...config.triggers.map((trigger) => this.share(trigger)));
      active?.set(share >= 1 ? 1 : 0);
      scalePercent.set(Math.round(share * 100));
      if (share > 0) shares[config.name] = share;
    }
    return shares;
  }

  private share({ resource, from, to }: TriggeredConfig['triggers'][number]): number {
    const value = this.resources.find(({ name }) => name === resource)?.value ?? 0;
    if (value >= to) return 1;
    return value <= from ? 0 : (value - from) / (to - from);
  }
}
