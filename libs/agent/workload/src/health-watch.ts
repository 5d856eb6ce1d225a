import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { ProbeTiming } from './group-probe.ts';

/** Whether the program answers, once. Never rejects. */
export type ProbeOnce = () => Promise<boolean>;

export interface HealthWatchOptions {
  readonly probe: ProbeOnce;
  /** Default: often until the first good answer, each five seconds then, each second after a failure; three failures. */
  readonly timing?: Omit<ProbeTiming, 'timeoutMs'>;
  readonly runtime: Runtime;
  readonly onChange: (healthy: boolean) => void;
  /** Called once, when it has not answered for five seconds since the start; with a timing, after so many failures. */
  readonly onSlow?: () => void;
}

/** Until the program answers for the first time. */
const STARTING_MS = 250;
const STEADY_MS = 5000;
/** After a failure it is asked more often, so that three of them are soon told. Source: Kubernetes' failureThreshold. */
const FAILING_MS = 1000;
const FAILURES = 3;
/** Bad answers before the first good one, a quarter of a second each: five seconds. */
const SLOW = 20;

/** Asks the program again and again: healthy with the first good answer, unhealthy with the third bad one. */
export class HealthWatch {
  private readonly options: HealthWatchOptions;
  private healthy = false;
  private wasHealthy = false;
  private failures = 0;
  private successes = 0;
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: HealthWatchOptions) {
    this.options = options;
  }

  get isHealthy(): boolean {
    return this.healthy;
  }

  start(): void {
    const delay = this.options.timing?.initialDelayMs ?? 0;
    if (delay === 0) void this.ask();
    else this.timer = after(this.options.runtime.timers, delay, () => void this.ask());
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
  }

  private async ask(): Promise<void> {
    const { probe, timing, runtime, onSlow, onChange } = this.options;
    const good = await probe();
    if (this.closed) return;
    this.failures = good ? 0 : this.failures + 1;
    this.successes = good ? this.successes + 1 : 0;
    if (!this.healthy && this.failures === (timing?.failures ?? SLOW) && !this.wasHealthy) onSlow?.();
    const healthy = this.healthy
      ? good || this.failures < (timing?.failures ?? FAILURES)
      : good && this.successes >= (timing?.successes ?? 1);
    if (healthy !== this.healthy) {
      this.healthy = healthy;
      this.wasHealthy = true;
      onChange(healthy);
    }
    const usual = good ? STEADY_MS : this.healthy ? FAILING_MS : STARTING_MS;
    this.timer = after(runtime.timers, timing?.periodMs ?? usual, () => void this.ask());
  }
}
