import type { Timer, TimerCallback } from '@weft/core-runtime';
import type { FilteredConnection, ServerContext } from '@weft/proxy-filter-api';

/** Closes a connection that a filter refused: at once, or after a delay that keeps those waiting who would only try again. */
export class DelayedClose implements TimerCallback {
  private readonly connection: FilteredConnection;
  private readonly details: string;
  private timer: Timer | undefined;

  /** @param details for the access log, as Envoy has them. */
  constructor(connection: FilteredConnection, details: string) {
    this.connection = connection;
    this.details = details;
  }

  /** 0 milliseconds: at once. */
  start(delayMs: number, { runtime }: ServerContext): void {
    if (delayMs > 0) this.timer = runtime.timers.start(delayMs, this);
    else this.onTimer();
  }
  /** The connection is closed already. */
  cancel(): void {
    this.timer?.cancel();
  }
  onTimer(): void {
    this.connection.close(this.details, true);
  }
}
