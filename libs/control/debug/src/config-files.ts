import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Texts by path below the configuration folder. */
export type ConfigTexts = ReadonlyMap<string, string>;

const CONFIG_FILE = /\.(ya?ml|json)$/;
/** Deeper folders are a loop of links. */
const MAX_DEPTH = 32;

/** Every file that the control plane reads documents from, by the rules of its directory source. Throws when one cannot be read. */
export function readConfigFiles(folder: string): ConfigTexts {
  const texts = new Map<string, string>();
  collect({ folder, texts }, folder, 0);
  return new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function collect(
  into: { readonly folder: string; readonly texts: Map<string, string> },
  path: string,
  depth: number,
): void {
  if (depth > MAX_DEPTH) return;
  for (const name of readdirSync(path)) {
    if (name.startsWith('.')) continue;
    const full = join(path, name);
    // A file that goes away meanwhile is gone: the next look tells.
    const info = statSync(full, { throwIfNoEntry: false });
    if (info?.isDirectory() === true) collect(into, full, depth + 1);
    else if (info?.isFile() === true && CONFIG_FILE.test(name))
      into.texts.set(relative(into.folder, full), readFileSync(full, 'utf8'));
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
