import type { XdsNode } from './node.ts';
import { Snapshot } from './snapshot.ts';

/** The key of the snapshot that a node gets: its own id, or a group's name. */
export type NodeGroups = (node: XdsNode) => string;

/** Hears of every new snapshot of its key. */
export interface SnapshotWatcher {
  onSnapshot(snapshot: Snapshot): void;
}

/** Snapshots by key, and who watches them. Translation puts them in; streams watch. */
export class SnapshotCache {
  readonly groups: NodeGroups;
  private readonly entries = new Map<
    string,
    { snapshot: Snapshot | undefined; readonly watchers: Set<SnapshotWatcher> }
  >();

  /** Default: every node has its own snapshot, under its id. */
  constructor(groups: NodeGroups = (node) => node.id) {
    this.groups = groups;
  }

  /** Replaces the snapshot of `key` and tells its watchers, unless it is the same. */
  set(key: string, snapshot: Snapshot): void {
    const entry = this.entry(key);
    if (entry.snapshot === snapshot) return;
    entry.snapshot = snapshot;
    for (const watcher of entry.watchers) watcher.onSnapshot(snapshot);
  }

  get(key: string): Snapshot | undefined {
    return this.entries.get(key)?.snapshot;
  }

  /** Drops the snapshot. Proxies that have it keep it. */
  clear(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.snapshot = undefined;
    if (entry.watchers.size === 0) this.entries.delete(key);
  }

  keys(): Iterable<string> {
    return this.entries.keys();
  }

  /** Hears of the snapshots of `key` from now on. Returns what ends it; the present snapshot is for `get`. */
  watch(key: string, watcher: SnapshotWatcher): () => void {
    const entry = this.entry(key);
    entry.watchers.add(watcher);
    return () => {
      entry.watchers.delete(watcher);
      if (entry.watchers.size === 0 && entry.snapshot === undefined) this.entries.delete(key);
    };
  }

  private entry(key: string): { snapshot: Snapshot | undefined; readonly watchers: Set<SnapshotWatcher> } {
    let entry = this.entries.get(key);
    if (entry === undefined) this.entries.set(key, (entry = { snapshot: undefined, watchers: new Set() }));
    return entry;
  }
}
