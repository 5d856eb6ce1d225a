import { formatFault, type Fault } from '@weft/core-config-text';
import { FolderWatch, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import type { SupportCheck } from '@weft/api-kube';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CONFIG_FILE, leadsBack, LEADS_BACK, readPlainFile } from './config-path.ts';
import { EmptiedFiles } from './emptied-files.ts';
import type { MeshConfigFile } from './mesh-config-file.ts';
import { ObjectFiles, type ObjectChanges, type ObjectSet } from './object-set.ts';

/** Who wants to know of resources. */
export interface ObjectWatcher {
  /** A new set is in force. Called once at first, whatever there is, then whenever objects or faults became different. */
  onObjects(set: ObjectSet, changes: ObjectChanges): void;
}

/** Outlives the process: which of two documents that tell no time of creation is the older one. */
export interface AgeMemory {
  /** What `save` was given last; nothing where there was none. */
  load(): readonly string[];
  /** Keys, the oldest first. */
  save(keys: readonly string[]): void;
}

export interface DirectorySourceOptions {
  readonly directory: string;
  readonly runtime: Runtime;
  /** What is implemented: all else is refused by name. Default: everything that is well formed is taken. */
  readonly support?: SupportCheck;
  /** Of resources that name none. Default `default`. */
  readonly namespace?: string;
  /** Read and watched beside the directory. */
  readonly meshConfig?: MeshConfigFile;
  /** Default: at each start, documents are as old as their files' names stand in the alphabet. */
  readonly ages?: AgeMemory;
  /** How long it must be quiet before changes are read, in milliseconds. Default 50. */
  readonly quietMs?: number;
  /** How long changes wait at most while there is no quiet, in milliseconds. Default 1000. */
  readonly longestMs?: number;
  /** How long a file with documents must have been empty before they go, in milliseconds. Default 1000. */
  readonly emptyMs?: number;
}

/**
 * Every *.yaml, *.yml and *.json below a directory, watched. Names that begin with a dot are left alone, but for Kubernetes'
 * `..data`, whose swap changes all files beside it. A file that cannot be read keeps what it last said. Links are followed, unless
 * they lead to a folder that they lie in.
 */
export class DirectorySource {
  private readonly options: DirectorySourceOptions;
  private readonly logger: Logger;
  private readonly files: ObjectFiles;
  private readonly watches = new Map<string, FolderWatch>();
  private fileWatch: FolderWatch | undefined;
  /** Paths that may have changed, each with how deep it lies. */
  private readonly dirty = new Map<string, number>();
  private readonly unreadable = new Map<string, Fault>();
  private readonly emptied: EmptiedFiles;
  private readonly watcher: ObjectWatcher;
  private timer: Timer | undefined;
  private waitingSinceMs: number | undefined;
  private turn: Promise<void> = Promise.resolve();
  private lastFaults: string | undefined;
  private closed = false;

  constructor(options: DirectorySourceOptions, watcher: ObjectWatcher) {
    this.options = options;
    this.watcher = watcher;
    this.logger = options.runtime.loggers.get('config');
    const { support, namespace, meshConfig, ages, emptyMs = 1000 } = options;
    this.emptied = new EmptiedFiles(options.runtime, emptyMs, (file) => this.changed(file, 1));
    this.files = new ObjectFiles({
      ages: ages?.load() ?? [],
      ...(support === undefined ? {} : { support }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(meshConfig === undefined ? {} : { meshConfig }),
    });
  }

  /** Reads everything; resolves after the first call of `onObjects`. */
  start(): Promise<void> {
    this.dirty.set(this.options.directory, 0);
    if (this.options.meshConfig !== undefined) this.watchFile(this.options.meshConfig.file);
    this.flush();
    return this.turn;
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.emptied.close();
    this.fileWatch?.close();
    for (const watch of this.watches.values()) watch.close();
  }

  /** The debounce is over. */
  onTimer(): void {
    this.timer = undefined;
    this.flush();
  }

  private flush(): void {
    this.waitingSinceMs = undefined;
    this.turn = this.turn
      .then(() => this.look())
      .catch((error: unknown) => {
        this.logger.error(`configuration in ${this.options.directory} could not be read: ${String(error)}`);
      });
  }

  private changed(path: string, depth: number): void {
    if (this.closed) return;
    this.dirty.set(path, depth);
    const { runtime, quietMs = 50, longestMs = 1000 } = this.options;
    const now = runtime.clock.nowMs();
    this.waitingSinceMs ??= now;
    const left = this.waitingSinceMs + longestMs - now;
    this.timer?.cancel();
    this.timer = runtime.timers.start(Math.max(0, Math.min(quietMs, left)), this);
  }

  private async look(): Promise<void> {
    if (this.closed) return;
    const paths = [...this.dirty];
    this.dirty.clear();
    const texts = new Map<string, string | undefined>();
    for (const [path, depth] of paths) await this.readPath(path, depth, texts);
    if (!this.closed) this.publish(this.files.update(texts));
  }

  private async readPath(path: string, depth: number, texts: Map<string, string | undefined>): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true) {
      if (depth === 0 || !leadsBack(path, this.options.directory)) return this.readFolder(path, depth, texts);
      this.forgetBelow(path, texts);
      this.unreadable.set(path, { path: '', file: path, message: LEADS_BACK });
      return;
    }
    if (found === undefined && depth > 0) this.forgetBelow(path, texts);
    if (!CONFIG_FILE.test(path) && path !== this.options.meshConfig?.file) return;
    await this.readOne(path, texts);
  }

  private async readFolder(folder: string, depth: number, texts: Map<string, string | undefined>): Promise<void> {
    this.unreadable.delete(folder);
    this.watchFolder(folder, depth);
    const names = await readdir(folder).catch((): string[] => []);
    const present = new Set(names.map((name) => join(folder, name)));
    for (const file of this.files.fileNames())
      if (file.startsWith(join(folder, '/')) && !isBelowAny(file, folder, present)) texts.set(file, undefined);
    for (const name of names.sort()) {
      if (name.startsWith('.')) continue;
      await this.readPath(join(folder, name), depth + 1, texts);
    }
  }

  private async readOne(file: string, texts: Map<string, string | undefined>): Promise<void> {
    try {
      const text = await readPlainFile(file);
      this.unreadable.delete(file);
      if (text === '' && this.files.hasDocuments(file) && !this.emptied.isMeant(file)) return;
      this.emptied.forget(file);
      texts.set(file, text);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') {
        this.emptied.forget(file);
        texts.set(file, undefined);
        if (file === this.options.meshConfig?.file)
          this.unreadable.set(file, { path: '', file, message: 'there is no such file' });
        else this.unreadable.delete(file);
      } else this.unreadable.set(file, { path: '', file, message: `cannot be read: ${code ?? message}` });
    }
  }

  private forgetBelow(path: string, texts: Map<string, string | undefined>): void {
    const prefix = join(path, '/');
    for (const file of this.files.fileNames()) if (file.startsWith(prefix)) texts.set(file, undefined);
    for (const file of this.unreadable.keys())
      if (file === path || file.startsWith(prefix)) this.unreadable.delete(file);
    for (const [folder, watch] of this.watches) {
      if (folder !== path && !folder.startsWith(prefix)) continue;
      watch.close();
      this.watches.delete(folder);
    }
  }

  private watchFolder(folder: string, depth: number): void {
    if (this.watches.has(folder)) return;
    const watch = new FolderWatch(folder, {
      onChange: (name) => {
        if (name?.startsWith('.') === true && name !== '..data') return;
        if (name === undefined || name === '..data') this.changed(folder, depth);
        else this.changed(join(folder, name), depth + 1);
      },
      onUnwatched: (reason) => this.logger.error(`changes in ${folder} will not be noticed: ${reason}`),
    });
    this.watches.set(folder, watch);
    watch.start();
  }

  private watchFile(file: string): void {
    this.dirty.set(file, 1);
    const watch = new FolderWatch(dirname(file), {
      // Kubernetes swaps `..data` when a mounted ConfigMap changes.
      onChange: (name) => {
        if (name === undefined || name === '..data' || name === basename(file)) this.changed(file, 1);
      },
      onUnwatched: (reason) => this.logger.error(`changes in ${file} will not be noticed: ${reason}`),
    });
    this.fileWatch = watch;
    watch.start();
  }

  private publish(changes: ObjectChanges): void {
    if (changes.added.length + changes.removed.length > 0) this.options.ages?.save(this.files.ages());
    const read = this.files.snapshot();
    const set = Object.freeze({ ...read, faults: Object.freeze([...this.unreadable.values(), ...read.faults]) });
    const faults = set.faults.map(formatFault).join('\n');
    const quiet = changes.added.length + changes.changed.length + changes.removed.length === 0;
    if (quiet && faults === this.lastFaults) return;
    if (faults !== this.lastFaults) for (const fault of set.faults) this.logger.warning(formatFault(fault));
    this.lastFaults = faults;
    this.watcher.onObjects(set, changes);
  }
}

/** The file lies in the folder itself or in one of its folders that are still there. */
function isBelowAny(file: string, folder: string, present: ReadonlySet<string>): boolean {
  for (let at = file; at !== folder && at !== dirname(at); at = dirname(at)) if (present.has(at)) return true;
  return false;
}
