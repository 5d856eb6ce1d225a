import { hasEnded, ownMark, parseMark } from '@weft/core-runtime';
import { lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `run`: bootstrap, sockets, log of one run. `net`: the sockets between a captured run and the outside. */
export type FolderKind = 'run' | 'net';

const OWN = /^weft-(run|net)-/;
const OWNER = 'owner.json';

/** A folder for this process, noted as its own. */
export function makeRunFolder(kind: FolderKind, parent: string = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `weft-${kind}-`));
  writeFileSync(join(folder, OWNER), `${JSON.stringify(ownMark())}\n`, { mode: 0o600 });
  return folder;
}

/** Removes the folders of runs that were killed: this user's, and only where the run is certain to have ended. Their names. */
export function removeStaleFolders(parent: string = tmpdir()): readonly string[] {
  return entries(parent).filter((name) => {
    if (!OWN.test(name) || !isStale(join(parent, name))) return false;
    rmSync(join(parent, name), { recursive: true, force: true });
    return true;
  });
}

function isStale(folder: string): boolean {
  try {
    // Anybody may put a folder, or a link to one, with such a name there.
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== process.getuid?.()) return false;
    const owner = parseMark(readFileSync(join(folder, OWNER), 'utf8'));
    return owner !== undefined && hasEnded(owner);
  } catch {
    // Being made or taken away this moment, or no folder of ours.
    return false;
  }
}

function entries(parent: string): readonly string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}
