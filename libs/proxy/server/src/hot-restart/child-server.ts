import { peerUserId, sendWithDescriptor } from '@weft/net-descriptors';
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { frame, FrameReader, nodePath, type Reply, type Request } from './messages.ts';

/** An answer, and a descriptor that goes with it. */
export interface Answer {
  readonly value: unknown;
  readonly fd?: number;
}

export interface ChildServerOwner {
  /** Rejects with a sentence where the request cannot be granted. */
  onRequest(request: Request): Promise<Answer>;
  /** The child is gone. */
  onChildGone(): void;
}

/**
 * Where a process waits for its successor. Only a process of the same user (or of root) is let in. It keeps the process
 * alive: one that drains has nothing else left, and ends when its successor says so.
 */
export class ChildServer {
  private readonly server: Server;
  private readonly owner: ChildServerOwner;

  private constructor(owner: ChildServerOwner) {
    this.owner = owner;
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Rejects with EADDRINUSE where another process waits at `path`; what a dead process left is removed. */
  static async listen(path: string, mode: number, owner: ChildServerOwner): Promise<ChildServer> {
    const made = new ChildServer(owner);
    try {
      await made.bind(path);
    } catch (error) {
      if (path.startsWith('@') || !(await isStale(path))) throw error;
      rmSync(path, { force: true });
      await made.bind(path);
    }
    if (!path.startsWith('@')) chmodSync(path, mode);
    return made;
  }

  close(): void {
    this.server.close();
  }

  private bind(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(nodePath(path), () => {
        this.server.removeListener('error', reject);
        // A child that cannot be accepted (no descriptor is left) must not end this process.
        this.server.on('error', () => undefined);
        resolve();
      });
    });
  }

  private accept(socket: Socket): void {
    const fd = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle?.fd ?? -1;
    socket.on('error', () => undefined);
    if (!isTrusted(fd)) {
      socket.destroy();
      return;
    }
    const reader = new FrameReader();
    let turn = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      let requests: Request[];
      try {
        requests = reader.push(chunk) as Request[];
      } catch {
        socket.destroy();
        return;
      }
      for (const request of requests)
        turn = turn.then(() => this.answer(socket, fd, request)).catch(() => void socket.destroy());
    });
    socket.on('close', () => this.owner.onChildGone());
  }

  private async answer(socket: Socket, socketFd: number, request: Request): Promise<void> {
    let reply: Reply<unknown>;
    let fd: number | undefined;
    try {
      const answer = await this.owner.onRequest(request);
      reply = { value: answer.value };
      ({ fd } = answer);
    } catch (error) {
      reply = { error: (error as Error).message };
    }
    if (socket.destroyed) return;
    if (fd === undefined) socket.write(frame(reply));
    // One small message at a time: it always fits into the socket's empty buffer.
    else sendWithDescriptor(socketFd, frame(reply), fd);
  }
}

/** Who cannot be asked about is a stranger. */
function isTrusted(fd: number): boolean {
  try {
    const user = peerUserId(fd);
    return user === 0 || user === process.geteuid?.();
  } catch {
    return false;
  }
}

function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
