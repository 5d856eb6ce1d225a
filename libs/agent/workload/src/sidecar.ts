import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import { readFileSync, rmSync } from 'node:fs';
import { Child, endingText, endingWithUs, type Program } from './child.ts';
import type { SidecarAdmin } from './sidecar-admin.ts';

export interface SidecarOptions {
  readonly program: Program;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: string;
  /** Where the admin server's address is written; removed before each start. */
  readonly addressFile: string;
  readonly admin: SidecarAdmin;
  readonly runtime: Runtime;
}

const POLL_MS = 100;
const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 30_000;
/** A proxy that ran so long is restarted at once when it ends. */
const STEADY_MS = 60_000;
const LAST_LINES = 15;

/** The proxy beside the program: started, waited for, started again when it ends by itself, stopped. */
export class Sidecar {
  private readonly options: SidecarOptions;
  private readonly runtime: Runtime;
  private readonly log: Logger;
  private child: Child | undefined;
  private restarts = 0;
  private startedMs = 0;
  private timer: Timer | undefined;
  private stopping = false;

  constructor(options: SidecarOptions) {
    this.options = options;
    this.runtime = options.runtime;
    this.log = options.runtime.loggers.get('sidecar');
  }

  /** Starts it and waits until it is configured. Rejects with its last lines when it ends, or is not ready in time. */
  async start(withinMs: number): Promise<void> {
    this.launch();
    const deadlineMs = this.runtime.clock.nowMs() + withinMs;
    while (!(await this.isReady())) {
      if (this.child?.alive === false) {
        const ending = endingText(await this.child.ended);
        throw new Error(`the sidecar ended ${ending}\n${this.lastLines()}`);
      }
      if (this.runtime.clock.nowMs() > deadlineMs)
        throw new Error(
          `the sidecar was not ready within ${withinMs / 1000} s: ${await this.waitsFor()}\n${this.lastLines()}`,
        );
      await this.pause(POLL_MS);
    }
    void this.watch();
  }

  async isReady(): Promise<boolean> {
    const state = await this.options.admin.state();
    return state?.live === true && state.configured;
  }

  /** Clients are told to go elsewhere; requests under way go on. */
  async drain(): Promise<void> {
    if (this.child?.alive === true) await this.options.admin.drain();
  }

  async stop(withinMs: number): Promise<void> {
    this.stopping = true;
    this.timer?.cancel();
    await this.child?.stop(withinMs, this.runtime.timers);
  }

  private launch(): void {
    const { program, env, log, addressFile } = this.options;
    rmSync(addressFile, { force: true });
    this.startedMs = this.runtime.clock.nowMs();
    this.child = new Child(endingWithUs(program), { env, log, apart: true });
  }

  private async watch(): Promise<void> {
    while (!this.stopping && this.child !== undefined) {
      const ending = await this.child.ended;
      if (this.stopping) return;
      if (this.runtime.clock.nowMs() - this.startedMs > STEADY_MS) this.restarts = 0;
      const waitMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** this.restarts);
      this.restarts += 1;
      this.log.error(
        `the sidecar ended ${endingText(ending)}; it is started again in ${waitMs / 1000} s\n${this.lastLines()}`,
      );
      await this.pause(waitMs);
      if (!this.stopping) this.launch();
    }
  }

  private async waitsFor(): Promise<string> {
    const state = await this.options.admin.state();
    if (state === undefined) return 'its admin server does not answer';
    return state.live ? 'it has no listeners and clusters of the control plane' : 'it waits for the control plane';
  }

  private lastLines(): string {
    try {
      return readFileSync(this.options.log, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
    } catch {
      return '';
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => (this.timer = after(this.runtime.timers, ms, () => resolve())));
  }
}
