import { after, type Runtime, type Timer } from '@weft/core-runtime';

/** Whether the program answers, once. Never rejects. */
export type ProbeOnce = () => Promise<boolean>;

export interface HealthWatchOptions {
  readonly probe: ProbeOnce;
  readonly runtime: Runtime;
  readonly onChange: (healthy: boolean) => void;
  /** Called once, when it has not answered for five seconds since the start. */
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
  private timer: Timer | undefined;
  private closed = false;

  constructor(options: HealthWatchOptions) {
    this.options = options;
  }

  get isHealthy(): boolean {
    return this.healthy;
  }

  start(): void {
    void this.ask();
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
  }

  private async ask(): Promise<void> {
    const good = await this.options.probe();
    if (this.closed) return;
    this.failures = good ? 0 : this.failures + 1;
    if (!this.healthy && this.failures === SLOW && !this.wasHealthy) this.options.onSlow?.();
    const healthy = good || (this.healthy && this.failures < FAILURES);
    if (healthy !== this.healthy) {
      this.healthy = healthy;
      this.wasHealthy = true;
      this.options.onChange(healthy);
    }
    const wait = good ? STEADY_MS : this.healthy ? FAILING_MS : this.failures > 0 ? STARTING_MS : STEADY_MS;
    this.timer = after(this.options.runtime.timers, wait, () => void this.ask());
  }
}
