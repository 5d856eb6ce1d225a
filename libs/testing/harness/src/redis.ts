import { freePort } from './free-port.ts';
import { startProcess, type RunningProcess } from './processes.ts';

/** A real redis-server with nothing in it, on a port of its own. */
export interface RunningRedis {
  readonly port: number;
  readonly url: string;
  readonly process: RunningProcess;
  stop(): Promise<void>;
}

const TRIES = 3;

/**
 * Starts `redis-server` from the path, without persistence.
 * @param wantedPort for a Redis that comes back where another one was; without it a free one is taken.
 */
export async function startRedis(wantedPort?: number): Promise<RunningRedis> {
  for (let left = TRIES; ; left -= 1) {
    const port = wantedPort ?? (await freePort());
    try {
      const process = await startProcess({
        command: 'redis-server',
        args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
        ready: /Ready to accept connections/,
      });
      return { port, url: `redis://127.0.0.1:${port}`, process, stop: async () => void (await process.stop()) };
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}
