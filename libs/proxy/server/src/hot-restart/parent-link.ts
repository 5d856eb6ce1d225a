import { closeDescriptor, connectBlocking, receive, writeAll } from '@weft/net-descriptors';
import { frame, FrameReader, type Reply, type Request } from './messages.ts';

/** How long a parent may take to answer: it may be busy with traffic. */
const TIMEOUT_MS = 10_000;

/**
 * A child's way to its parent while it starts. Calls block: descriptors come only by calls that Node does not have, and
 * nothing else goes on in this process yet.
 */
export class ParentLink {
  private readonly fd: number;
  private readonly reader = new FrameReader();

  /** Throws the system's reason where nobody waits at `path`. */
  constructor(path: string) {
    this.fd = connectBlocking(path, TIMEOUT_MS);
  }

  /** Throws a sentence where the parent refuses, or is gone. */
  ask<T>(request: Request): { readonly value: T; readonly fd: number | undefined } {
    writeAll(this.fd, frame(request));
    let descriptor: number | undefined;
    for (;;) {
      const { data, fd } = receive(this.fd, 64 * 1024);
      descriptor ??= fd;
      if (data.length === 0) throw new Error('the parent process is gone');
      const [reply] = this.reader.push(data) as Reply<T>[];
      if (reply === undefined) continue;
      if ('error' in reply) throw new Error(reply.error);
      return { value: reply.value, fd: descriptor };
    }
  }

  close(): void {
    closeDescriptor(this.fd);
  }
}
