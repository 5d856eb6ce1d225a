import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import type { StatsStore } from '@weft/observe-metrics';
import type { SocketWish } from '@weft/proxy-filter-api';
import { writeFileSync } from 'node:fs';
import type { ProxyOptions } from '../options.ts';
import type { BoundSocket } from '../workers/shared-sockets.ts';
import { ChildServer, type Answer, type ChildServerOwner } from './child-server.ts';
import { MergedStats, statsForChild } from './merged-stats.ts';
import { HOT_RESTART_VERSION, meetingPlace, type Hello, type ParentStats, type Request } from './messages.ts';
import { ParentClient } from './parent-client.ts';
import { ParentLink } from './parent-link.ts';

/** How often a base id is tried out before giving up. */
const DYNAMIC_TRIES = 100;

/** The process that restarts, once it serves. */
export interface RestartedProcess {
  readonly store: StatsStore;
  readonly flushIntervalMs: number;
  /** Brings the stats that nobody pushes up to date. */
  refreshStats(): Promise<{ readonly connections: number }>;
  /** Makes room for a successor's admin server. */
  closeAdmin(): Promise<void>;
  /** A successor serves: this process drains. */
  retire(): Promise<void>;
  /** Its successor no longer waits for it. */
  terminate(): Promise<void>;
}

/**
 * A process's part in hot restarts: first the child of the process before it, whose sockets and stats it takes over, then
 * the parent of the one after it.
 *
 *   begun -> serving -> (a child came) draining -> terminated by the child
 */
export class HotRestart implements ChildServerOwner {
  readonly version = HOT_RESTART_VERSION;
  firstStartWallMs: number;
  /** Which process of the row it is, from 1. */
  generation = 1;
  /** Connections that the parent still has. */
  parentConnections = 0;
  private readonly options: ProxyOptions;
  private readonly runtime: Runtime;
  private readonly logger: Logger;
  private readonly sockets: () => readonly BoundSocket[];
  private server: ChildServer | undefined;
  private link: ParentLink | undefined;
  private client: ParentClient | undefined;
  private process: RestartedProcess | undefined;
  private baseId: number;
  private retired = false;
  private orphaned: Timer | undefined;
  /** When the parent's time is over. */
  private parentEnds: Timer | undefined;
  private nextMerge: Timer | undefined;

  /** `sockets`: those that this process listens on. */
  constructor(options: ProxyOptions, runtime: Runtime, sockets: () => readonly BoundSocket[]) {
    this.options = options;
    this.runtime = runtime;
    this.sockets = sockets;
    this.logger = runtime.loggers.get('main');
    this.firstStartWallMs = runtime.clock.wallMs();
    this.baseId = options.baseId;
  }

  /**
   * Takes this process's place in the row, and finds the parent where there must be one. False: hot restart is off, since
   * another process has the base id that nobody asked for. Rejects with a sentence where it was asked for.
   */
  async begin(): Promise<boolean> {
    const { options } = this;
    if (process.platform !== 'linux') {
      if (options.restartEpoch > 0) throw new Error(`a hot restart needs Linux, and this is ${process.platform}`);
      return false;
    }
    if (!(await this.takePlace())) return false;
    if (options.baseIdPath !== '') writeFileSync(options.baseIdPath, String(this.baseId));
    if (options.restartEpoch > 0) this.findParent();
    return true;
  }

  /** The parent's socket for a wish, or undefined where it has none. */
  inherit(wish: SocketWish, worker: number): number | undefined {
    return this.link?.ask({ kind: 'socket', wish, worker }).fd;
  }

  closeParentAdmin(): void {
    this.link?.ask({ kind: 'closeAdmin' });
  }

  /** From now on children are answered. `process` serves: its parent drains, and ends when its time is over. */
  takeOver(process: RestartedProcess): void {
    this.process = process;
    const { link, options } = this;
    if (link === undefined) return;
    link.close();
    this.link = undefined;
    const client = new ParentClient(this.placeOf(options.restartEpoch - 1));
    this.client = client;
    const merged = new MergedStats(process.store);
    const merge = async (): Promise<void> => {
      if (options.skipHotRestartParentStats) return;
      const stats = await client.ask<ParentStats>({ kind: 'stats' });
      this.parentConnections = stats.connections;
      merged.merge(stats);
    };
    client.onGone = () => {
      this.client = undefined;
      this.parentConnections = 0;
      merged.parentGone();
      this.logger.info('The parent process is gone.');
    };
    client
      .ask({ kind: 'drain' })
      .catch((error: unknown) => this.logger.error(`The parent does not drain: ${(error as Error).message}`));
    this.mergeAgainAndAgain(client, merge);
    const endParent = (): void => void this.terminateParent(merge);
    this.parentEnds = after(this.runtime.timers, options.parentShutdownTimeS * 1000, endParent);
    this.logger.info(
      `Hot restart ${options.restartEpoch}: the parent drains and ends in ${options.parentShutdownTimeS} seconds.`,
    );
  }

  close(): void {
    this.orphaned?.cancel();
    this.parentEnds?.cancel();
    this.nextMerge?.cancel();
    this.server?.close();
    this.link?.close();
    this.link = undefined;
    this.client?.close();
    this.client = undefined;
  }

  // ---- towards the child ----

  async onRequest(request: Request): Promise<Answer> {
    const { process } = this;
    if (process === undefined) throw new Error('the parent process is still starting');
    this.orphaned?.cancel();
    switch (request.kind) {
      case 'hello':
        return { value: this.hello(request.version) };
      case 'socket':
        return this.socketFor(request.wish, request.worker);
      case 'closeAdmin':
        // Three generations at once would be one too many: the oldest ends.
        await this.client?.ask({ kind: 'terminate' }).catch(() => undefined);
        await process.closeAdmin();
        return { value: true };
      case 'drain':
        this.retired = true;
        this.logger.info('A new process serves; this one drains.');
        await process.retire();
        return { value: true };
      case 'stats': {
        const { connections } = await process.refreshStats();
        return { value: statsForChild(process.store, connections) };
      }
      case 'terminate':
        // After the answer, which the child waits for.
        after(this.runtime.timers, 0, () => void process.terminate());
        return { value: true };
    }
  }

  /** A child that ends too early leaves nobody to say when this process may end. */
  onChildGone(): void {
    if (!this.retired || this.process === undefined) return;
    const { process } = this;
    this.orphaned?.cancel();
    this.orphaned = after(this.runtime.timers, this.options.parentShutdownTimeS * 1000, () => void process.terminate());
  }

  private hello(version: string): Hello {
    if (version !== HOT_RESTART_VERSION)
      throw new Error(`the parent process speaks hot restart version ${HOT_RESTART_VERSION}, not ${version}`);
    return { version, firstStartWallMs: this.firstStartWallMs, generation: this.generation };
  }

  /** A child with more workers than this process gets some sockets several times: its workers share them. */
  private socketFor(wish: SocketWish, worker: number): Answer {
    const isMine = (socket: BoundSocket): boolean =>
      socket.wish.address === wish.address && (!wish.address.endsWith(':0') || socket.wish.listener === wish.listener);
    const all = this.sockets().filter((socket) => isMine(socket) && socket.fd !== undefined);
    const found = all.length === 0 ? undefined : all[worker % all.length];
    return found?.fd === undefined ? { value: false } : { value: true, fd: found.fd };
  }

  // ---- towards the parent ----

  private findParent(): void {
    const { restartEpoch, skipHotRestartOnNoParent } = this.options;
    const path = this.placeOf(restartEpoch - 1);
    let link: ParentLink | undefined;
    try {
      link = new ParentLink(path);
      const { value } = link.ask<Hello>({ kind: 'hello', version: HOT_RESTART_VERSION });
      this.firstStartWallMs = value.firstStartWallMs;
      this.generation = value.generation + 1;
      this.link = link;
    } catch (error) {
      link?.close();
      const sentence = `there is no proxy with base id ${this.baseId} and epoch ${restartEpoch - 1} to take over from (${(error as Error).message})`;
      if (!skipHotRestartOnNoParent) throw new Error(sentence, { cause: error });
      this.logger.warning(`Starting without a parent: ${sentence}.`);
    }
  }

  private mergeAgainAndAgain(client: ParentClient, merge: () => Promise<void>): void {
    const again = (): void => {
      void merge()
        .catch(() => undefined)
        .then(() => {
          if (this.client !== client) return;
          this.nextMerge = after(this.runtime.timers, this.process?.flushIntervalMs ?? 5000, again);
        });
    };
    again();
  }

  private async terminateParent(merge: () => Promise<void>): Promise<void> {
    try {
      await merge();
      await this.client?.ask({ kind: 'terminate' });
    } catch {
      // It is gone already.
    }
  }

  private async takePlace(): Promise<boolean> {
    const { options } = this;
    const { restartEpoch, socketMode, useDynamicBaseId } = options;
    for (let tried = 1; ; tried += 1) {
      if (useDynamicBaseId) this.baseId = 1 + this.runtime.random.below(0x7fff_ffff);
      try {
        this.server = await ChildServer.listen(this.placeOf(restartEpoch), socketMode, this);
        return true;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'EADDRINUSE') throw new Error(`hot restart is not possible: ${message}`, { cause: error });
        if (useDynamicBaseId && tried < DYNAMIC_TRIES) continue;
        const taken = `base id ${this.baseId} with epoch ${restartEpoch} is taken by another process`;
        const advice = 'give another --base-id, --use-dynamic-base-id or --disable-hot-restart';
        if (options.baseIdGiven || useDynamicBaseId || restartEpoch > 0)
          throw new Error(`${taken}: ${advice}`, { cause: error });
        this.logger.info(`Hot restart is off: ${taken}; ${advice}.`);
        return false;
      }
    }
  }

  private placeOf(epoch: number): string {
    return meetingPlace(this.options.socketPath, this.baseId, epoch);
  }
}
