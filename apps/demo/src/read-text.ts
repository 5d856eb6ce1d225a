import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** The text of a file; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The last `bytes` of a file, from the beginning of a line; undefined where it cannot be read. */
export function readEnd(path: string, bytes: number): string | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(file);
    const start = Math.max(0, size - bytes);
    const buffer = Buffer.alloc(size - start);
    const read = readSync(file, buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, read);
    return start === 0 ? text : `…\n${text.slice(text.indexOf('\n') + 1)}`;
  } finally {
    closeSync(file);
  }
}
