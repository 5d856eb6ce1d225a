import type { DrainDecision, ServerContext } from '@weft/proxy-filter-api';

/** How draining goes. Source: the flags --drain-time-s and --drain-strategy. */
export interface DrainSettings {
  readonly timeMs: number;
  /** gradual: the share of responses that end their connection grows over the time; immediate: all of them. */
  readonly strategy: 'gradual' | 'immediate';
}

/**
 * Decides whether what one listener (or one filter chain) serves should come to an end, so that clients of a drain that
 * lasts do not all connect anew at once.
 *
 *   serving -> draining (more and more often true) -> due (always true)
 */
export class DrainManager implements DrainDecision {
  private readonly server: ServerContext;
  private readonly settings: DrainSettings;
  private readonly modifyOnly: boolean;
  private startMs = Infinity;

  /** `modifyOnly`: a failed health check of the proxy does not drain it (Listener.drain_type MODIFY_ONLY). */
  constructor(server: ServerContext, settings: DrainSettings, modifyOnly: boolean) {
    this.server = server;
    this.settings = settings;
    this.modifyOnly = modifyOnly;
  }

  get draining(): boolean {
    return this.startMs !== Infinity;
  }

  start(): void {
    if (!this.draining) this.startMs = this.server.runtime.clock.nowMs();
  }

  drainClose(): boolean {
    const { server } = this;
    if (server.draining && !(this.modifyOnly && server.healthCheckFailed === true)) return true;
    if (!this.draining) return false;
    const { strategy, timeMs } = this.settings;
    if (strategy === 'immediate') return true;
    const elapsedMs = server.runtime.clock.nowMs() - this.startMs;
    return elapsedMs >= timeMs || elapsedMs > server.runtime.random.below(Math.ceil(timeMs));
  }
}
