import {
  DecodeContext,
  followsFromUnread,
  formatFault,
  loadConfig,
  type Fault,
  type LoadedConfig,
} from '@weft/api-envoy';
import type { DiscoveryResponse } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import type { Logger, Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { FolderWatch, type FolderWatchOwner } from './folder-watch.ts';
import { SubscriptionStats } from './subscription-stats.ts';
import type { ReceivedResource, ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';

export interface FileSubscriptionOptions {
  /** A DiscoveryResponse in YAML or JSON. Replaced by moving another file onto it. */
  readonly path: string;
  /** Watched instead of the file's own folder (`path_config_source.watched_directory`). */
  readonly watchedDirectory?: string;
  /** The message type of every resource. */
  readonly typeName: string;
  readonly stats: StatsScope;
  readonly runtime: Runtime;
}

/**
 * Resources from a file (B38). The folder is watched, not the file: that sees a file moved in, a file that appears later, and
 * Kubernetes swapping the folder behind a ConfigMap. A text that is the same as before is not read again; a faulty one leaves
 * the last good set in force.
 */
export class FileSubscription implements Subscription, FolderWatchOwner {
  private readonly options: FileSubscriptionOptions;
  private readonly watcher: ResourceWatcher;
  private readonly stats: SubscriptionStats;
  private readonly logger: Logger;
  private readonly folder: FolderWatch;
  private readonly entry: string | undefined;
  private seen: string | undefined;
  /** The update under way; the next waits for it. */
  private turn: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: FileSubscriptionOptions, watcher: ResourceWatcher) {
    this.options = options;
    this.watcher = watcher;
    this.stats = new SubscriptionStats(options.stats, options.runtime.clock);
    this.logger = options.runtime.loggers.get('config');
    const { path, watchedDirectory } = options;
    this.folder = new FolderWatch(resolve(watchedDirectory ?? dirname(path)), this);
    this.entry = watchedDirectory === undefined ? basename(path) : undefined;
  }

  start(): Promise<void> {
    // The watch stands before the first read, so that no change falls between them.
    this.folder.start();
    this.look();
    return this.turn;
  }

  close(): void {
    this.closed = true;
    this.folder.close();
  }

  onChange(name: string | undefined): void {
    // A folder such as /tmp is full of others' changes. Kubernetes swaps the symbolic link `..data`.
    if (this.entry === undefined || name === undefined || name === this.entry || name === '..data') this.look();
  }

  private look(): void {
    this.turn = this.turn.then(() => this.read());
  }

  private async read(): Promise<void> {
    if (this.closed) return;
    let text: string;
    try {
      text = readFileSync(this.options.path, 'utf8');
    } catch (error) {
      if (this.seen !== '') this.fail(`${this.options.path} cannot be read: ${(error as Error).message}`);
      this.seen = '';
      return;
    }
    if (text === this.seen) return;
    this.seen = text;
    await this.apply(text);
  }

  private async apply(text: string): Promise<void> {
    const { path, runtime } = this.options;
    const startMs = runtime.clock.nowMs();
    this.stats.updateAttempt.inc();
    const loaded = loadConfig({ text, file: path, typeName: 'envoy.service.discovery.v3.DiscoveryResponse' });
    const response = (loaded.message ?? loaded.readable) as DiscoveryResponse | undefined;
    const cx = new DecodeContext(loaded.source, { faults: [...loaded.faults], warnings: [] });
    const resources = response === undefined ? [] : this.unpack(response, cx);
    const version = response === undefined || response.versionInfo === '' ? contentVersion(text) : response.versionInfo;
    const update: ResourceUpdate = { version, resources };
    const faults = cx.faults.length === 0 ? await this.offer(update) : this.allFaults(update, cx, loaded);
    if (faults.length === 0) {
      this.stats.accepted(version, startMs);
      this.logger.info(`${basename(path)}: version ${version} with ${resources.length} resources is in force.`);
    } else this.reject(faults);
  }

  /** What a watcher throws is a fault like any other: it must not end the subscription. */
  private async offer(update: ResourceUpdate): Promise<readonly Fault[]> {
    try {
      return await this.watcher.onUpdate(update);
    } catch (error) {
      return [{ path: '', file: this.options.path, message: (error as Error).message }];
    }
  }

  /** Of a faulty text: the faults of what could be read too, without those that only follow from what could not. */
  private allFaults(update: ResourceUpdate, cx: DecodeContext, { faults, source }: LoadedConfig): readonly Fault[] {
    const unread = faults.map(({ path }) => path);
    const ofForm = cx.faults.length;
    try {
      this.watcher.judge?.(update);
    } catch {
      // What a broken resource does to its decoder says nothing about the text.
    }
    return cx.faults.filter(({ path }, i) => i < ofForm || !followsFromUnread(path, unread, source));
  }

  private unpack(response: DiscoveryResponse, cx: DecodeContext): ReceivedResource[] {
    return response.resources.flatMap((any, i) => {
      const place = cx.at('resources', i);
      const message = place.unpack(any, this.options.typeName);
      return message === undefined ? [] : [{ message, cx: place }];
    });
  }

  private reject(faults: readonly Fault[]): void {
    this.stats.rejected();
    const lines = faults.map((fault) => `\n  ${formatFault(fault)}`).join('');
    this.logger.error(`${this.options.path} was refused; the last good configuration stays in force:${lines}`);
  }

  private fail(sentence: string): void {
    this.stats.failed();
    this.logger.error(
      `${sentence}. The last good configuration stays in force; the file is read as soon as it appears.`,
    );
  }
}

/** Names a text that names no version: the same text is the same version. */
function contentVersion(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
