import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names what is built from a folder's files: eight hexadecimal digits that differ when one of them does. */
export function digestOfFolder(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 8);
}

/** Why a program that builds another failed, in one line: the first error that it wrote, else Node's own. */
export function firstLineOf(error: unknown): string {
  const { stderr = '', stdout = '', message } = error as { stderr?: string; stdout?: string; message: string };
  const lines = `${stderr}\n${stdout}\n${message}`.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !/^(#|go: downloading)/.test(line)) ?? '';
}
