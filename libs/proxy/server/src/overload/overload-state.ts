import type { Random } from '@weft/core-runtime';
import type { Counter, StatsScope, Tally } from '@weft/core-stats';
import type { LoadShedPoint, OverloadState, ScaledTimer } from '@weft/proxy-filter-api';
import { ACTION, type OverloadConfig } from './overload.decode.ts';

/** What the overload manager found last: the share (0 to 1) of each action and load shed point that is not at rest. */
export interface OverloadReading {
  readonly actions: Readonly<Record<string, number>>;
  readonly points: Readonly<Record<string, number>>;
}

/** The state of all actions as one event loop sees it; `apply` gets what the manager on the main thread found. */
export class LoopOverload implements OverloadState {
  stopAcceptingConnections = false;
  rejectIncomingConnections = 0;
  stopAcceptingRequests = 0;
  disableHttpKeepalive = 0;
  private reduceTimeouts = 0;
  private points: OverloadReading['points'] = {};
  private readonly config: OverloadConfig;
  private readonly random: Random;
  private readonly stats: StatsScope;
  private readonly connections: Tally;
  private readonly counters = new Map<string, Counter>();
  private readonly listeners = new Set<() => void>();

  /** `connections` counts the downstream connections of the whole process. */
  constructor(config: OverloadConfig, world: { random: Random; stats: StatsScope; connections: Tally }) {
    this.config = config;
    this.random = world.random;
    this.stats = world.stats.scope('overload.');
    this.connections = world.connections;
    for (const point of config.points) this.counter(point.name);
  }

  apply({ actions, points }: OverloadReading): void {
    this.rejectIncomingConnections = actions[ACTION.rejectIncomingConnections] ?? 0;
    this.stopAcceptingRequests = actions[ACTION.stopAcceptingRequests] ?? 0;
    this.disableHttpKeepalive = actions[ACTION.disableHttpKeepalive] ?? 0;
    this.reduceTimeouts = actions[ACTION.reduceTimeouts] ?? 0;
    this.points = points;
    // Listeners are bound or not: this action has no share between, as in Envoy.
    const stop = actions[ACTION.stopAcceptingConnections] === 1;
    if (stop === this.stopAcceptingConnections) return;
    this.stopAcceptingConnections = stop;
    for (const listener of this.listeners) listener();
  }

  draw(share: number): boolean {
    return share > 0 && (share >= 1 || this.random.below(1 << 16) < share * (1 << 16));
  }

  timeoutMs(timer: ScaledTimer, ms: number): number {
    if (this.reduceTimeouts === 0) return ms;
    const scale = this.config.timers.get(timer);
    if (scale === undefined) return ms;
    const least = Math.min(ms, scale.kind === 'absolute' ? scale.ms : ms * scale.share);
    return least + (ms - least) * (1 - this.reduceTimeouts);
  }

  shed(point: LoadShedPoint): boolean {
    const share = this.points[point];
    if (share === undefined || !this.draw(share)) return false;
    this.counter(point).inc();
    return true;
  }

  admitConnection(): boolean {
    const { maxConnections } = this.config;
    if (this.connections.add(1) <= maxConnections) return true;
    this.connections.add(-1);
    return false;
  }

  releaseConnection(): void {
    this.connections.add(-1);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private counter(point: string): Counter {
    let counter = this.counters.get(point);
    if (counter === undefined) {
      counter = this.stats.counter(`envoy.load_shed_points.${point}.shed_load_count`);
      this.counters.set(point, counter);
    }
    return counter;
  }
}
