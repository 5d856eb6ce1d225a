import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** For the owner alone: private keys, and what tells whom we trust. */
export const SECRET = 0o600;
/** For everybody who may enter the folder. */
export const PUBLIC = 0o644;

/** A folder that only its owner may enter. It is made, and closed to others where it was open. */
export function openStateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700);
}

/** Undefined: there is no such file. Other failures throw: state that cannot be read must not be made anew. */
export function readState(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whoever reads sees the old text or the new one, also after a loss of power. */
export function replaceState(path: string, text: string, mode: number): void {
  const beside = writeBeside(path, text, mode);
  renameSync(beside, path);
  syncFolder(path);
}

/** Writes a file that must not exist yet. False: another process was first, and its file stands. */
export function createState(path: string, text: string, mode: number): boolean {
  const beside = writeBeside(path, text, mode);
  try {
    linkSync(beside, path);
    syncFolder(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(beside);
  }
}

function writeBeside(path: string, text: string, mode: number): string {
  const beside = join(dirname(path), `.${randomUUID()}.new`);
  const file = openSync(beside, 'wx', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return beside;
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
