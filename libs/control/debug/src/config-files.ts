import { CONFIG_FILE, leadsBack } from '@weft/control-sources';
import type { Clock } from '@weft/core-runtime';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Texts by path below the configuration folder. */
export type ConfigTexts = ReadonlyMap<string, string>;

/** Texts that were read before, each with what its file was like then. For who looks at the same folder again and again. */
export class FileMemory {
  private readonly clock: Clock;
  private known = new Map<string, RememberedFile>();
  private found = new Map<string, RememberedFile>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The text of a file; read only where the file may have changed since the last look. */
  read(path: string, { ino, size, mtimeMs, ctimeMs }: Stats): string {
    const mark = [ino, size, mtimeMs, ctimeMs].join();
    // Two writes of one moment leave the same times: who is that young is read again.
    const settled = ctimeMs < this.clock.wallMs() - SETTLED_MS;
    const before = this.known.get(path);
    const text = before?.mark === mark ? before.text : readFileSync(path, 'utf8');
    if (settled) this.found.set(path, { mark, text });
    return text;
  }

  /** The look is over: files that were not there are forgotten. */
  end(): void {
    this.known = this.found;
    this.found = new Map();
  }
}

interface RememberedFile {
  readonly mark: string;
  readonly text: string;
}

const SETTLED_MS = 100;

/** Every file that the control plane reads documents from, by the rules of its directory source. Throws when one cannot be read. */
export function readConfigFiles(folder: string): ConfigTexts {
  return finished(configFilesInSteps(folder));
}

/** The same, a file at each step, for who must not be kept from other things by thousands of files. */
export function* configFilesInSteps(folder: string, memory?: FileMemory): Generator<undefined, ConfigTexts> {
  const texts = new Map<string, string>();
  yield* collect({ folder, texts, memory }, folder);
  memory?.end();
  return new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All steps at once. */
export function finished<T>(steps: Generator<undefined, T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

interface Collection {
  readonly folder: string;
  readonly texts: Map<string, string>;
  readonly memory: FileMemory | undefined;
}

function* collect(into: Collection, path: string): Generator<undefined, void> {
  for (const name of readdirSync(path)) {
    if (name.startsWith('.')) continue;
    const full = join(path, name);
    // A file that goes away meanwhile is gone: the next look tells.
    const info = statSync(full, { throwIfNoEntry: false });
    if (info?.isDirectory() === true) {
      if (!leadsBack(full, into.folder)) yield* collect(into, full);
    } else if (info?.isFile() === true && CONFIG_FILE.test(name))
      into.texts.set(relative(into.folder, full), into.memory?.read(full, info) ?? readFileSync(full, 'utf8'));
    yield;
  }
}

/** True for a folder that Kubernetes mounts: its files are links, and who changes them must change the ConfigMap. */
export function isMounted(folder: string): boolean {
  return statSync(join(folder, '..data'), { throwIfNoEntry: false }) !== undefined;
}

/**
 * Makes the folder hold exactly `wanted` among the files that documents are read from. Everything is written beside its place
 * first; when a step fails, what was done is undone and the failure thrown.
 */
export function replaceConfigFiles(folder: string, wanted: ConfigTexts): void {
  const before = readConfigFiles(folder);
  const changed = [...wanted].filter(([path, text]) => before.get(path) !== text);
  const staged = changed.map(([path, text]) => ({ path, beside: stage(join(folder, path), text) }));
  const done: string[] = [];
  try {
    for (const { path, beside } of staged) {
      renameSync(beside, join(folder, path));
      done.push(path);
    }
    for (const path of before.keys()) {
      if (wanted.has(path)) continue;
      rmSync(join(folder, path));
      done.push(path);
    }
  } catch (error) {
    for (const path of done) {
      const text = before.get(path);
      if (text === undefined) rmSync(join(folder, path), { force: true });
      else renameSync(stage(join(folder, path), text), join(folder, path));
    }
    for (const { beside } of staged) rmSync(beside, { force: true });
    throw error;
  }
}

/** The text in a file that the control plane passes over. */
function stage(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  const beside = join(dirname(path), `.${randomUUID()}.new`);
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  writeFileSync(beside, text, { flag: 'wx', flush: true, ...(mode === undefined ? {} : { mode }) });
  return beside;
}
