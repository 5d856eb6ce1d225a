import { existsSync, statSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';

/** What a FolderWatch calls. */
export interface FolderWatchOwner {
  /** Something in the folder changed: the entry `name`, or nobody knows which (undefined), the folder itself perhaps. */
  onChange(name: string | undefined): void;
  /** The system refuses to watch the folder (too many watches, no right to read it): changes are not noticed from now on. */
  onUnwatched?(reason: string): void;
}

/**
 * Watches the entries of a folder. A folder that is not there yet, or goes away and comes back, is waited for by watching
 * the nearest one above it. Nothing polls.
 */
export class FolderWatch {
  private readonly folder: string;
  private readonly owner: FolderWatchOwner;
  private watcher: FSWatcher | undefined;
  /** The folder that `watcher` is on, and which one it was: another one may take its name. */
  private watched = '';
  private inode = 0;
  private closed = false;

  constructor(folder: string, owner: FolderWatchOwner) {
    this.folder = folder;
    this.owner = owner;
  }

  start(): void {
    this.attach();
  }

  close(): void {
    this.closed = true;
    this.watcher?.close();
  }

  private attach(): void {
    const folder = nearestExisting(this.folder);
    this.watcher?.close();
    try {
      this.watcher = watch(folder, (_event, name) => this.onEvent(name ?? undefined));
      this.watcher.on('error', () => this.onEvent(undefined));
      this.watched = folder;
      this.inode = inodeOf(folder);
    } catch (error) {
      // It went away between the two calls; the one above it is there, at the latest the root.
      if (!existsSync(folder)) this.attach();
      else this.owner.onUnwatched?.((error as Error).message);
    }
  }

  private onEvent(name: string | undefined): void {
    if (this.closed) return;
    const moved = nearestExisting(this.folder) !== this.watched || inodeOf(this.watched) !== this.inode;
    if (moved) {
      this.attach();
      this.owner.onChange(undefined);
    } else if (this.watched === this.folder) this.owner.onChange(name);
  }
}

function nearestExisting(folder: string): string {
  let found = folder;
  while (!existsSync(found) && dirname(found) !== found) found = dirname(found);
  return found;
}

function inodeOf(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.ino ?? 0;
}
