import { libc } from './libc.ts';

/** An option as setsockopt(2) takes it. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
  /** A number is an int. */
  readonly value: number | Uint8Array;
}

/** Sets an option of a socket. Throws the system's reason, or a sentence where the C library cannot be called. */
export function setSocketOption(fd: number, { level, name, value }: SocketOption): void {
  const { setsockopt, failure } = libc();
  const bytes = typeof value === 'number' ? Buffer.alloc(4) : Buffer.from(value);
  if (typeof value === 'number') bytes.writeInt32LE(value);
  if (setsockopt(fd, level, name, bytes, bytes.length) < 0)
    throw failure(`setting the socket option ${name} of level ${level}`);
}

/** The value of an option that is an int. Throws as `setSocketOption`. */
export function getSocketOption(fd: number, level: number, name: number): number {
  const { getsockopt, failure } = libc();
  const value = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  if (getsockopt(fd, level, name, value, length) < 0)
    throw failure(`reading the socket option ${name} of level ${level}`);
  return value.readInt32LE();
}
