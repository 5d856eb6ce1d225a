import type { Clock } from '@weft/core-runtime';
import { openStateFolder, readState, replaceState, SECRET } from '@weft/control-ca';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  configFilesInSteps,
  FileMemory,
  finished,
  isMounted,
  readConfigFiles,
  replaceConfigFiles,
  type ConfigTexts,
} from './config-files.ts';
import { hashOf, TextStore } from './text-store.ts';
import { changesBetween, type DocumentChange } from './version-documents.ts';

export interface ConfigHistoryOptions {
  /** Where documents are read from, and put back. */
  readonly configDir: string;
  /** Of the control plane: versions lie in `history` below it. */
  readonly stateDir: string;
  /** How many versions stay. Default 50. */
  readonly kept?: number;
  readonly clock: Clock;
}

/** One state of the documents that the control plane saw. */
export interface KeptVersion {
  /** Counts from 1, and goes on after a restart. */
  readonly version: number;
  /** Of the wall clock, in milliseconds. */
  readonly atMs: number;
  /** Why there is it: `rollback to 3`; `''`: the files changed. */
  readonly note: string;
  /** Hash of the text, by path. */
  readonly files: Readonly<Record<string, string>>;
}

export type RollbackResult =
  | { readonly kind: 'done'; readonly version: KeptVersion; readonly changes: readonly DocumentChange[] }
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string; readonly files: readonly string[] };

const VERSION_FILE = /^(\d+)\.json$/;
const PENDING = 'rollback.json';

/**
 * The last versions of the documents, kept in the state folder for their owner alone, since documents may hold Secrets. Each text
 * is stored once, by its hash. A rollback that a crash cut off is finished when the history is opened again.
 */
export class ConfigHistory {
  private readonly options: ConfigHistoryOptions;
  private readonly folder: string;
  private readonly kept: number;
  private readonly memory: FileMemory;
  private readonly store: TextStore;
  /** Of texts that were hashed before, by path. */
  private readonly hashes = new Map<string, { readonly text: string; readonly hash: string }>();
  /** A version that is being kept. */
  private recording: Generator<undefined, KeptVersion | undefined> | undefined;
  private list: KeptVersion[];
  private readonly known = new WeakMap<KeptVersion, readonly DocumentChange[]>();

  /** Throws with a sentence when the state folder cannot be used. */
  static open(options: ConfigHistoryOptions): ConfigHistory {
    const history = new ConfigHistory(options);
    history.finishRollback();
    return history;
  }

  private constructor(options: ConfigHistoryOptions) {
    this.options = options;
    this.folder = join(options.stateDir, 'history');
    this.memory = new FileMemory(options.clock);
    this.kept = Math.max(1, options.kept ?? 50);
    openStateFolder(options.stateDir);
    openStateFolder(this.folder);
    this.store = new TextStore(join(this.folder, 'texts'));
    this.list = readdirSync(this.folder)
      .flatMap((name) => (VERSION_FILE.test(name) ? [name] : []))
      .flatMap((name) => parseVersion(readState(join(this.folder, name)) ?? ''))
      .sort((a, b) => a.version - b.version);
  }

  /** Newest first. */
  versions(): readonly KeptVersion[] {
    return this.list.toReversed();
  }

  find(version: number): KeptVersion | undefined {
    return this.list.find((one) => one.version === version);
  }

  /** The texts of a version, by path. */
  texts({ files }: KeptVersion): ConfigTexts {
    const texts = this.store.getAll(Object.values(files));
    return new Map(Object.entries(files).map(([path, hash]) => [path, texts.get(hash) ?? '']));
  }

  /** Called when documents changed. Keeps the files as they are now; undefined: they are those of the newest version. */
  record(note = ''): KeptVersion | undefined {
    this.finishRecording();
    return finished(this.recordInSteps(note));
  }

  /**
   * The same in the background: works for as long as `hasTime`, and goes on with the next call. True: the version is kept. Files
   * that change meanwhile may be in it or not.
   */
  recordAhead(hasTime: () => boolean): boolean {
    this.recording ??= this.recordInSteps('');
    const steps = this.recording;
    try {
      while (steps.next().done !== true) if (!hasTime()) return false;
    } catch (error) {
      this.recording = undefined;
      throw error;
    }
    this.recording = undefined;
    return true;
  }

  /** A version is being kept in the background. */
  get isRecording(): boolean {
    return this.recording !== undefined;
  }

  private finishRecording(): void {
    if (this.recording !== undefined) this.recordAhead(() => true);
  }

  private *recordInSteps(note: string): Generator<undefined, KeptVersion | undefined> {
    return yield* this.keep(yield* configFilesInSteps(this.options.configDir, this.memory), note);
  }

  /** What is different in `after`, by document. */
  diff(before: KeptVersion, after: KeptVersion): readonly DocumentChange[] {
    return changesBetween(this.texts(before), this.texts(after));
  }

  /** What a version changed; undefined: the one before it is not kept. Found once, since versions never change. */
  changes(version: KeptVersion): readonly DocumentChange[] | undefined {
    const before = this.find(version.version - 1);
    if (before === undefined) return undefined;
    let changes = this.known.get(version);
    if (changes === undefined) this.known.set(version, (changes = this.diff(before, version)));
    return changes;
  }

  /**
   * Puts the files of a version back: all of them or none. Refused where files differ from the newest version, for then somebody
   * is editing and would lose it, unless `force`.
   */
  rollback(version: number, force = false): RollbackResult {
    this.finishRecording();
    const wanted = this.find(version);
    if (wanted === undefined) {
      const [first, last] = [this.list[0], this.list.at(-1)];
      const known =
        first === undefined || last === undefined ? 'none are kept' : `${first.version} to ${last.version} are kept`;
      return { kind: 'unknown', message: `there is no version ${version}: ${known}` };
    }
    const { configDir } = this.options;
    if (isMounted(configDir))
      return { kind: 'refused', message: `${configDir} is mounted from a ConfigMap: change that instead`, files: [] };
    const now = readConfigFiles(configDir);
    const edited = this.unkept(now);
    if (edited.length > 0 && !force)
      return {
        kind: 'refused',
        message: `${edited.join(', ')} changed and ${edited.length === 1 ? 'is' : 'are'} in no version yet: a rollback would lose that`,
        files: edited,
      };
    const texts = this.texts(wanted);
    const changes = changesBetween(now, texts);
    this.write(PENDING, { version });
    try {
      replaceConfigFiles(configDir, texts);
    } finally {
      rmSync(join(this.folder, PENDING), { force: true });
    }
    const made = finished(this.keep(texts, `rollback to ${version}`)) ?? (this.list.at(-1) as KeptVersion);
    return { kind: 'done', version: made, changes };
  }

  /** Paths whose text is not that of the newest version. */
  private unkept(now: ConfigTexts): string[] {
    const newest = this.list.at(-1)?.files ?? {};
    const paths = new Set([...now.keys(), ...Object.keys(newest)]);
    return [...paths].filter((path) => {
      const text = now.get(path);
      return newest[path] !== (text === undefined ? undefined : this.hashOf(path, text));
    });
  }

  private finishRollback(): void {
    const pending = readState(join(this.folder, PENDING));
    if (pending === undefined) return;
    const wanted = this.find(Number((JSON.parse(pending) as { readonly version?: unknown }).version));
    if (wanted !== undefined) replaceConfigFiles(this.options.configDir, this.texts(wanted));
    rmSync(join(this.folder, PENDING), { force: true });
  }

  private *keep(texts: ConfigTexts, note: string): Generator<undefined, KeptVersion | undefined> {
    const files: Record<string, string> = {};
    const byHash = new Map<string, string>();
    for (const [path, text] of texts) {
      const hash = this.hashOf(path, text);
      files[path] = hash;
      byHash.set(hash, text);
      yield;
    }
    if (this.list.length > 0 && this.unkept(texts).length === 0) return undefined;
    yield* this.store.put(byHash);
    const version = (this.list.at(-1)?.version ?? 0) + 1;
    const made: KeptVersion = Object.freeze({ version, atMs: this.options.clock.wallMs(), note, files });
    this.write(`${String(version).padStart(6, '0')}.json`, made);
    this.list = [...this.list, made];
    this.forget();
    return made;
  }

  /** A text that stayed is the same string, and is not hashed again. */
  private hashOf(path: string, text: string): string {
    let known = this.hashes.get(path);
    if (known?.text !== text) this.hashes.set(path, (known = { text, hash: hashOf(text) }));
    return known.hash;
  }

  /** The oldest go first, then the texts that no version has. */
  private forget(): void {
    const gone = this.list.slice(0, -this.kept);
    if (gone.length === 0) return;
    this.list = this.list.slice(-this.kept);
    for (const { version } of gone)
      rmSync(join(this.folder, `${String(version).padStart(6, '0')}.json`), { force: true });
    this.store.keepOnly(new Set(this.list.flatMap(({ files }) => Object.values(files))));
  }

  private write(name: string, value: unknown): void {
    replaceState(join(this.folder, name), `${JSON.stringify(value, null, 2)}\n`, SECRET);
  }
}

/** A file that is damaged is passed over: its version is lost, the others are not. */
function parseVersion(text: string): KeptVersion[] {
  try {
    const { version, atMs, note, files } = JSON.parse(text) as Partial<KeptVersion>;
    if (typeof version !== 'number' || typeof atMs !== 'number' || typeof files !== 'object') return [];
    return [{ version, atMs, note: note ?? '', files }];
  } catch {
    return [];
  }
}
