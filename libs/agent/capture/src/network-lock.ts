import { spawn } from 'node:child_process';

/** Runs what changes the networks of this machine one task after the other, whichever processes they are of. */
export interface NetworkLock {
  /** Rejects as the task does, or with a sentence when the lock cannot be had; the task has not begun then. */
  exclusively<T>(task: () => T): Promise<T>;
}

const FILE = '/run/weft-network.lock';
const WAIT_SECONDS = 60;

/**
 * A lock of the kernel on a file, held by a child of ours: it ends with us, however we end, so that no lock is ever left over.
 * Needs `flock` of util-linux.
 */
export function machineLock(path: string = FILE): NetworkLock {
  return {
    exclusively: async (task) => {
      const release = await take(path);
      try {
        return task();
      } finally {
        await release();
      }
    },
  };
}

/** Resolves with what gives the lock back. */
function take(path: string): Promise<() => Promise<void>> {
  const held = ['sh', '-c', 'echo held; exec cat >/dev/null'];
  const holder = spawn('flock', ['-w', String(WAIT_SECONDS), path, ...held], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why: string): void =>
      reject(new Error(`the networks of this machine cannot be changed: the lock ${path} ${why}`));
    // Whoever is killed meanwhile does not read what we write.
    holder.stdin.on('error', () => undefined);
    holder.stderr.on('data', (text: Buffer) => (said += String(text)));
    holder.once('error', ({ message }) => fail(`needs flock of util-linux (${message})`));
    holder.once('close', (code) =>
      fail(code === 1 && said === '' ? `was not free within ${WAIT_SECONDS} s` : `cannot be had: ${said.trim()}`),
    );
    holder.stdout.once('data', () =>
      resolve(() => {
        holder.stdin.end();
        return ended;
      }),
    );
  });
}
