import type { DocumentStatus } from '../status.ts';
import { documentLine } from './document-status.ts';

/**
 * Tells what becomes of documents that somebody adds to the mesh or edits: each time it is another thing, once two looks in a
 * row agree on it. What the demo's own documents do is told only while they are at fault, and when they no longer are.
 */
export class FolderWatch {
  readonly #say: (line: string) => void;
  /** By document: what was told last. */
  readonly #told = new Map<string, string>();
  /** By document: what the last look saw. */
  #seen: ReadonlyMap<string, string> = new Map();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  look(documents: readonly DocumentStatus[]): void {
    const now = linesOf(documents.filter(({ isAdded, isFault }) => isAdded || isFault));
    for (const [key, line] of now)
      if (this.#told.get(key) !== line && this.#seen.get(key) === line) {
        this.#told.set(key, line);
        this.#say(line);
      }
    const over = [...this.#told.keys()].filter((key) => !now.has(key) && !this.#seen.has(key));
    const all = linesOf(documents);
    for (const key of over) {
      this.#told.delete(key);
      const line = all.get(key);
      if (line !== undefined) this.#say(line);
    }
    const files = new Set(over.map(fileOf));
    // Of a file that is still there its other documents tell.
    for (const file of files) if (!documents.some((one) => one.file === file)) this.#say(`mesh/${file} is gone`);
    this.#seen = now;
  }
}

/** Of two documents with the same name in a file each has its own line. */
function linesOf(documents: readonly DocumentStatus[]): Map<string, string> {
  const lines = new Map<string, string>();
  for (const one of documents) {
    const name = [one.file, one.kind, one.name].join('\n');
    const key = lines.has(name) ? `${name}\n${lines.size}` : name;
    lines.set(key, `mesh/${documentLine(one)}`);
  }
  return lines;
}

function fileOf(key: string): string {
  return key.slice(0, key.indexOf('\n'));
}
