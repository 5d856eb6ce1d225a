import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MeshDocument } from './document.ts';
import { documentText } from './mesh-documents.ts';

/** Writes a file beside its place and moves it there: whoever reads sees the old one or the new one, never half of one. */
export function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** Keeps the documents of a folder as they should be, and touches only those that change: others may edit the rest. */
export class FileWriter {
  readonly #folder: string;
  readonly #written = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes what differs from the last time, then takes away what is no more; gives back the files that did. */
  write(documents: readonly MeshDocument[]): string[] {
    const texts = new Map(documents.map((document) => [document.file, documentText(document)]));
    const changed = [...texts].filter(([file, text]) => this.#written.get(file) !== text);
    for (const [file, text] of changed) {
      const path = join(this.#folder, file);
      mkdirSync(dirname(path), { recursive: true });
      replaceFile(path, text);
      this.#written.set(file, text);
    }
    const gone = [...this.#written.keys()].filter((file) => !texts.has(file));
    for (const file of gone) {
      rmSync(join(this.#folder, file), { force: true });
      this.#written.delete(file);
    }
    return [...changed.map(([file]) => file), ...gone];
  }
}
