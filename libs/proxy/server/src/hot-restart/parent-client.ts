import { connect, type Socket } from 'node:net';
import { frame, FrameReader, nodePath, type Reply, type Request } from './messages.ts';

/** A child's way to its parent once it serves: nothing blocks. */
export class ParentClient {
  /** Called once, when the parent is gone. */
  onGone: () => void = () => undefined;
  private readonly socket: Socket;
  private readonly reader = new FrameReader();
  private readonly waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];

  constructor(path: string) {
    this.socket = connect(nodePath(path));
    this.socket.unref();
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the parent process is gone'));
      this.onGone();
    });
  }

  ask<T>(request: Request): Promise<T> {
    if (this.socket.destroyed) return Promise.reject(new Error('the parent process is gone'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      this.socket.write(frame(request));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    let replies: Reply<unknown>[];
    try {
      replies = this.reader.push(chunk) as Reply<unknown>[];
    } catch {
      // What is no answer of a parent's comes from something else: those who wait hear that it is gone.
      this.socket.destroy();
      return;
    }
    for (const reply of replies) {
      const waiting = this.waiting.shift();
      if ('error' in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.value);
    }
  }
}
