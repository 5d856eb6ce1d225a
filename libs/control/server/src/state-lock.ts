import { createState, openStateFolder, PUBLIC, readState } from '@weft/control-ca';
import { lifeOf, ownMark, parseMark } from '@weft/core-runtime';
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'control-plane.lock';

/**
 * That one control plane at a time has a state folder: a second one would tell runs to come to it, and take their leases for over. A
 * lock whose process is gone, or is of another machine or container, is taken over: that one cannot be asked, and a folder must not
 * stay shut because a container was killed.
 */
export class StateLock {
  private readonly path: string;
  private readonly text: string;

  private constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Throws a sentence when a control plane of this machine serves from the folder; changes nothing. */
  static check(stateDir: string): void {
    const text = readState(join(stateDir, FILE)) ?? '';
    const mark = parseMark(text);
    if (mark === undefined || lifeOf(mark) !== 'running') return;
    throw new Error(
      `${stateDir} is the state of the control plane that runs as process ${mark.pid}:\n` +
        'end that one first, or give this one a --state-dir of its own',
    );
  }

  /** Makes the folder where there is none. Throws like `check`. */
  static take(stateDir: string): StateLock {
    openStateFolder(stateDir);
    keepOutOfGit(stateDir);
    const path = join(stateDir, FILE);
    const text = `${JSON.stringify({ ...ownMark(), lock: randomUUID() })}\n`;
    while (!createState(path, text, PUBLIC)) {
      StateLock.check(stateDir);
      putAside(path);
    }
    return new StateLock(path, text);
  }

  release(): void {
    if (readState(this.path) === this.text) rmSync(this.path, { force: true });
  }
}

/** Of two that come at once, the later must not remove the lock that the earlier has just made. */
function putAside(path: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const mark = parseMark(readState(aside) ?? '');
  if (mark !== undefined && lifeOf(mark) === 'running' && !existsSync(path)) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

/** The folder lies beside documents that are often under version control, and holds the keys of the mesh. */
function keepOutOfGit(stateDir: string): void {
  createState(join(stateDir, '.gitignore'), '# Keys and state of this machine.\n*\n', PUBLIC);
}
