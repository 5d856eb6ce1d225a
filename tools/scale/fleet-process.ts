import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FleetKind, FleetMessage } from './fleet.ts';
import type { Scale } from './mesh.ts';

/** The proxies of a run over gRPC, in a process of their own. */
export class Fleet {
  private readonly process: ChildProcess;

  constructor(kind: FleetKind, target: string, scale: Scale) {
    // A thousand thin proxies hold little: with a small heap what they received is given back at once.
    const execArgv = ['--conditions=@weft/source', '--max-old-space-size=1024'];
    this.process = fork(fileURLToPath(new URL('fleet.ts', import.meta.url)), [kind, target, JSON.stringify(scale)], {
      execArgv,
    });
  }

  /** What all proxies sent and received until now. */
  async wireBytes(): Promise<number> {
    this.process.send('bytes');
    return (await this.heard('bytes')).bytes;
  }

  heard(kind: FleetMessage['kind']): Promise<FleetMessage> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the proxies died'));
      const onMessage = (message: unknown): void => {
        if ((message as FleetMessage).kind !== kind) return;
        this.process.off('message', onMessage);
        this.process.off('exit', gone);
        resolve(message as FleetMessage);
      };
      this.process.on('message', onMessage);
      this.process.once('exit', gone);
    });
  }

  stop(): void {
    this.process.kill();
  }
}
