import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileText, type ProxyFile } from './proxy-files.ts';

/** Writes a file beside its place and moves it there: whoever reads sees the old one or the new one, never half of one. */
export function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** Keeps the proxies' files as they should be, and touches only those that change. */
export class FileWriter {
  readonly #written = new Map<string, string>();
  #version = 0;

  /** Writes what differs from the last time; gives back the files that did. */
  write(files: readonly ProxyFile[]): ProxyFile[] {
    const changed = files.filter((file) => this.#written.get(file.path) !== fileText(file, 0));
    if (changed.length > 0) this.#version += 1;
    for (const file of changed) {
      mkdirSync(dirname(file.path), { recursive: true });
      replaceFile(file.path, fileText(file, this.#version));
      this.#written.set(file.path, fileText(file, 0));
    }
    return changed;
  }
}
