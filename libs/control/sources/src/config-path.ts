import { constants, lstatSync, realpathSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** Names of files that documents are read from; those that begin with a dot are passed over. */
export const CONFIG_FILE = /\.(ya?ml|json)$/;

/**
 * True where a folder is a link to one that it lies in, `base` or above: who follows it never arrives. Every other link is
 * followed, to files and to folders. False where it is gone.
 */
export function leadsBack(folder: string, base: string): boolean {
  try {
    if (!lstatSync(folder).isSymbolicLink()) return false;
    const target = join(realpathSync(folder), sep);
    const last = join(base);
    for (let at = dirname(folder); ; at = dirname(at)) {
      if (join(realpathSync(at), sep).startsWith(target)) return true;
      if (at === last || at === dirname(at)) return false;
    }
  } catch {
    return false;
  }
}

export const LEADS_BACK = 'is a link to a folder that it lies in: it is not followed';

/** What stands where a file should be; undefined: a file. Reading the others may wait for ever, or never end. */
export function noFile(stats: Pick<Stats, 'isFile' | 'isFIFO' | 'isSocket' | 'isDirectory'>): string | undefined {
  if (stats.isFile()) return undefined;
  const what = stats.isFIFO()
    ? 'a FIFO'
    : stats.isSocket()
      ? 'a socket'
      : stats.isDirectory()
        ? 'a folder'
        : 'a device';
  return `is ${what}, and no file`;
}

/** The text of a file. Rejects where it is none, though it became another thing only a moment ago. */
export async function readPlainFile(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const fault = noFile(await handle.stat());
    if (fault !== undefined) throw new Error(fault);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
