import {
  DecodeContext,
  followsFromUnread,
  formatFault,
  loadConfig,
  sourceNamed,
  validateMessage,
  type Fault,
  type LoadedConfig,
} from '@weft/api-envoy';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { DiscoveryResponse } from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import type { Logger, Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { FolderWatch, type FolderWatchOwner } from './folder-watch.ts';
import { absenceRemoves, resourceName } from './resource-name.ts';
import type { ResourceStatus } from './resource-status.ts';
import type { IncomingResource } from './incoming.ts';
import { ResourceTable } from './resource-table.ts';
import type { ReceivedResource, ResourceWatcher, Subscription } from './subscription.ts';
import { Watch } from './watch.ts';

export interface FileSubscriptionOptions {
  /** A DiscoveryResponse in YAML or JSON. Replaced by moving another file onto it. */
  readonly path: string;
  /** Watched instead of the file's own folder (`path_config_source.watched_directory`). */
  readonly watchedDirectory?: string;
  /** The message type of every resource. */
  readonly typeName: string;
  /** The resources that are wanted; all others in the file are left alone. Default: everything. */
  readonly names?: readonly string[];
  /** How long the first set is waited for, in milliseconds; 0: forever. Default 0. */
  readonly initialFetchTimeoutMs?: number;
  readonly stats: StatsScope;
  readonly runtime: Runtime;
}

/**
 * Resources from a file. The folder is watched, not the file: that sees a file moved in, a file that appears later, and
 * Kubernetes swapping the folder behind a ConfigMap. A text that is the same as before is not read again; a faulty one leaves
 * the last good set in force.
 */
export class FileSubscription implements Subscription, FolderWatchOwner {
  private readonly options: FileSubscriptionOptions;
  private readonly watch: Watch;
  private readonly table: ResourceTable;
  private readonly logger: Logger;
  private readonly folder: FolderWatch;
  private readonly entry: string | undefined;
  private seen: string | undefined;
  /** The update under way; the next waits for it. */
  private turn: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: FileSubscriptionOptions, watcher: ResourceWatcher) {
    this.options = options;
    this.logger = options.runtime.loggers.get('config');
    const { path, watchedDirectory, names, typeName, runtime, stats, initialFetchTimeoutMs = 0 } = options;
    this.watch = new Watch({
      names: names === undefined ? 'wildcard' : new Set(names),
      watcher,
      stats,
      runtime,
      initialFetchTimeoutMs,
      always: true,
    });
    this.table = new ResourceTable({ typeName, runtime, absenceRemoves: absenceRemoves(typeName) });
    this.table.add(this.watch);
    this.folder = new FolderWatch(resolve(watchedDirectory ?? dirname(path)), this);
    this.entry = watchedDirectory === undefined ? basename(path) : undefined;
  }

  start(): Promise<void> {
    // The watch stands before the first read, so that no change falls between them.
    this.folder.start();
    this.watch.start(() => this.table.timedOut(this.watch));
    this.look();
    return this.turn;
  }

  /** For dumps. */
  status(): ResourceStatus[] {
    return this.table.status();
  }

  close(): void {
    this.closed = true;
    this.folder.close();
    this.watch.close();
    this.table.close();
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
    const { path } = this.options;
    const loaded = loadConfig({ text, file: path, typeName: 'envoy.service.discovery.v3.DiscoveryResponse' });
    const response = (loaded.message ?? loaded.readable) as DiscoveryResponse | undefined;
    const version = response === undefined || response.versionInfo === '' ? contentVersion(text) : response.versionInfo;
    this.watch.stats.updateAttempt.inc();
    if (loaded.message === undefined) {
      this.watch.rejected();
      this.reject(await this.allFaults(response, loaded, version));
      return;
    }
    const { resources } = response!;
    const lacking = this.lacking(resources);
    if (lacking.length > 0) this.watch.rejected();
    const whole = { kind: 'full', version, resources: incoming(resources, version, loaded), removed: [] } as const;
    const faults = lacking.length > 0 ? lacking : await this.table.take(whole);
    if (faults.length > 0) this.reject(faults);
    else this.logger.info(`${basename(path)}: version ${version} with ${resources.length} resources is in force.`);
  }

  /** Of a faulty text: the faults of what could be read too, without those that only follow from what could not. */
  private async allFaults(
    response: DiscoveryResponse | undefined,
    { faults, source }: LoadedConfig,
    version: string,
  ): Promise<Fault[]> {
    const unread = faults.map(({ path }) => path);
    const found: Fault[] = [];
    const sink = { faults: found, warnings: [] };
    const added = (response?.resources ?? []).flatMap((any, i): ReceivedResource[] => {
      const cx = new DecodeContext(source, sink, `resources[${i}]`);
      const message = cx.unpack(any, this.options.typeName);
      if (message === undefined) return [];
      validateMessage(message, cx);
      return [{ name: resourceName(message), version, message, octets: any.value, cx }];
    });
    await this.watch.judge({ kind: 'full', version, added, removed: [] });
    return [...faults, ...found.filter(({ path }) => !followsFromUnread(path, unread, source))];
  }

  /** Hosts of a cluster may be missing: it has none then. Of anything else that is asked for by name it is a mistake. */
  private lacking(resources: readonly Any[]): Fault[] {
    const { names, typeName, path } = this.options;
    if (names === undefined || absentIsEmpty(typeName)) return [];
    const found = resources.flatMap((any) => {
      const message = new DecodeContext(sourceNamed(path)).unpack(any, typeName);
      return message === undefined ? [] : [resourceName(message)];
    });
    const listed = found.map((name) => `"${name}"`).join(', ') || 'none';
    return names
      .filter((name) => !found.includes(name))
      .map((name) => ({
        path: 'resources',
        file: path,
        message: `has no ${typeName.slice(typeName.lastIndexOf('.') + 1)} "${name}", only ${listed}`,
      }));
  }

  private reject(faults: readonly Fault[]): void {
    const lines = faults.map((fault) => `\n  ${formatFault(fault)}`).join('');
    this.logger.error(`${this.options.path} was refused; the last good configuration stays in force:${lines}`);
  }

  private fail(sentence: string): void {
    this.watch.stats.failed();
    this.logger.error(
      `${sentence}. The last good configuration stays in force; the file is read as soon as it appears.`,
    );
  }
}

/** Names a text that names no version: the same text is the same version. */
function contentVersion(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function incoming(resources: readonly Any[], version: string, { source }: LoadedConfig): IncomingResource[] {
  return resources.map((any, i) => ({
    name: '',
    aliases: [],
    version,
    any,
    ttlMs: undefined,
    place: (_name, sink) => new DecodeContext(source, sink, `resources[${i}]`),
  }));
}

function absentIsEmpty(typeName: string): boolean {
  return typeName === 'envoy.config.endpoint.v3.ClusterLoadAssignment' || absenceRemoves(typeName);
}
