import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { SubscriptionStats } from './subscription-stats.ts';
import type { ResourceUpdate, ResourceWatcher } from './subscription.ts';

export interface WatchOptions {
  /** `wildcard`: everything of the type. */
  readonly names: ReadonlySet<string> | 'wildcard';
  readonly watcher: ResourceWatcher;
  readonly stats: StatsScope;
  readonly runtime: Runtime;
  /** How long the first update is waited for, in milliseconds; 0: forever. */
  readonly initialFetchTimeoutMs: number;
  /** It is told of every response, also where nothing in it is for it. */
  readonly always?: boolean;
}

/** One subscriber of a table: its names, its statistics, and its wait for the first update. */
export class Watch {
  names: ReadonlySet<string> | 'wildcard';
  readonly always: boolean;
  readonly stats: SubscriptionStats;
  private readonly watcher: ResourceWatcher;
  private readonly runtime: Runtime;
  private readonly initialFetchTimeoutMs: number;
  private timeout: Timer | undefined;
  private resolveFirst: () => void = () => undefined;
  private startMs = 0;
  private settled = false;
  /** The update under way says only that there is nothing. */
  private absence = false;
  /** Resolves with the first update, taken or refused, or when it was waited for in vain. */
  readonly first: Promise<void>;

  constructor(options: WatchOptions) {
    this.names = options.names;
    this.watcher = options.watcher;
    this.runtime = options.runtime;
    this.always = options.always ?? false;
    this.initialFetchTimeoutMs = options.initialFetchTimeoutMs;
    this.stats = new SubscriptionStats(options.stats, options.runtime.clock);
    this.first = new Promise((resolve) => (this.resolveFirst = resolve));
  }

  /** `onTimeout` is called before the watcher hears of it. */
  start(onTimeout: () => void): void {
    if (this.initialFetchTimeoutMs === 0) return;
    this.timeout = after(this.runtime.timers, this.initialFetchTimeoutMs, () => {
      this.stats.initFetchTimeout.inc();
      onTimeout();
      this.goOnWithout();
    });
  }

  close(): void {
    this.settle();
  }

  /** Gives what the watcher threw. */
  async update(update: ResourceUpdate): Promise<string | undefined> {
    this.startMs = this.runtime.clock.nowMs();
    this.absence = this.watcher.needsResource === true && update.added.length === 0 && update.removed.length > 0;
    if (!this.absence) this.timeout?.cancel();
    try {
      await this.watcher.onUpdate(update);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  async judge(update: ResourceUpdate): Promise<void> {
    try {
      await this.watcher.judge?.(update);
    } catch {
      // What a broken resource does to its decoder says nothing about the response.
    }
  }

  accepted(version: string): void {
    this.stats.accepted(version, this.startMs);
    if (!this.absence) this.settle();
  }

  /** A response held its resources as they are. */
  unchanged(version: string): void {
    this.stats.accepted(version, this.runtime.clock.nowMs());
    this.settle();
  }

  rejected(): void {
    this.stats.rejected();
    this.goOnWithout();
  }

  private goOnWithout(): void {
    if (!this.settled) this.watcher.onFetchTimeout?.();
    this.settle();
  }

  private settle(): void {
    this.settled = true;
    this.timeout?.cancel();
    this.resolveFirst();
  }
}
