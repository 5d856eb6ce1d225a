import type { Clock, Random } from '@weft/core-runtime';
import type { DrainOrder } from './data-plane.ts';

/**
 * Whether responses close their connections. A gradual drain closes with a probability that grows from 0 to 1 over the
 * drain time, so that clients do not all reconnect at once. Source: Envoy's `--drain-strategy`.
 */
export class DrainState {
  private readonly clock: Clock;
  private readonly random: Random;
  private order: DrainOrder | undefined;
  private startMs = 0;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  get begun(): boolean {
    return this.order !== undefined;
  }

  /** A second order replaces the first only when it closes more. */
  begin(order: DrainOrder): void {
    if (this.order !== undefined && (order.strategy === 'gradual' || this.order.strategy === 'immediate')) return;
    this.order = order;
    this.startMs = this.clock.nowMs();
  }

  /** Asked once per response. */
  get closes(): boolean {
    const { order } = this;
    if (order === undefined) return false;
    if (order.strategy === 'immediate') return true;
    const share = (this.clock.nowMs() - this.startMs) / order.timeMs;
    return share >= 1 || this.random.below(1 << 16) < share * (1 << 16);
  }
}
