import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * A file or folder of the workspace's cache, made the first time. It is there whole or not at all, as test files run side by
 * side: each that misses it makes its own, and the first one stays.
 * @param make makes it in a folder of its own on the same disk, and returns its path there.
 */
export async function inCache(home: string, make: (draft: string) => Promise<string>): Promise<string> {
  if (existsSync(home)) return home;
  await mkdir(dirname(home), { recursive: true });
  const draft = await mkdtemp(`${home}.`);
  try {
    const made = await make(draft);
    if (!existsSync(home)) await rename(made, home);
  } catch (error) {
    if (!existsSync(home)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return home;
}

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
