import { rmSync } from 'node:fs';

// Runs as a process of its own beside the demo. While the demo lives it only keeps the list of the demo's processes; when
// the demo goes without a word (kill -9, out of memory), the channel between the two closes, and it ends what is left.

/** What the demo tells its watchman. */
export type WatchmanMessage =
  | { readonly kind: 'add' | 'remove'; readonly pid: number }
  /** A file to take away with the demo. */
  | { readonly kind: 'file'; readonly path: string };

/** What runs a workload ends its program and its sidecar first. */
const GRACE_MS = 4_000;

const groups = new Set<number>();
const files = new Set<string>();

process.on('message', (message: WatchmanMessage) => {
  if (message.kind === 'file') files.add(message.path);
  else if (message.kind === 'add') groups.add(message.pid);
  else groups.delete(message.pid);
});
// The signals of a terminal are the demo's business.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

process.once('disconnect', () => {
  for (const path of files) rmSync(path, { force: true });
  kill('SIGTERM');
  if (groups.size > 0) setTimeout(() => kill('SIGKILL'), GRACE_MS);
});

/** Each process of the demo leads a group, so that its own children go with it. */
function kill(signal: NodeJS.Signals): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, signal);
    } catch {
      groups.delete(pid);
    }
  }
}
