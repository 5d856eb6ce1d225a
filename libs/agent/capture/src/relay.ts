import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes connections of a Unix socket on to an address: files are the same in every network namespace, loopback is not. */
export class Relay {
  private readonly server: Server;
  private readonly path: string;
  private readonly sockets = new Set<Socket>();

  /** `target` is `host:port`. */
  constructor(path: string, target: string) {
    this.path = path;
    const colon = target.lastIndexOf(':');
    const [host, port] = [target.slice(0, colon).replace(/^\[|\]$/g, ''), Number(target.slice(colon + 1))];
    this.server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ host, port, allowHalfOpen: true });
      this.join(near, far);
      this.join(far, near);
    });
  }

  /** Rejects when the socket cannot be made. */
  async listen(): Promise<void> {
    rmSync(this.path, { force: true });
    this.server.listen(this.path);
    await once(this.server, 'listening');
    // Who may enter the folder may use it: the sidecar has another user than we.
    chmodSync(this.path, 0o666);
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      if (from.readableEnded) return;
      to.destroy();
    });
  }
}
