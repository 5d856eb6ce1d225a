import { libc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** sockaddr_un.sun_path. */
const PATH_BYTES = 108;

/**
 * Connects to a Unix socket (`@name`: one without a file) and gives the descriptor, whose calls block, waiting for
 * `timeoutMs` at most. Throws the system's reason: ECONNREFUSED, ENOENT …
 */
export function connectBlocking(path: string, timeoutMs: number): number {
  const { socket, connect, setsockopt, failure } = libc();
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw failure('making a socket');
  const limit = Buffer.alloc(16);
  limit.writeBigInt64LE(BigInt(Math.floor(timeoutMs / 1000)), 0);
  limit.writeBigInt64LE(BigInt((timeoutMs % 1000) * 1000), 8);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, limit, limit.length);
  const address = addressOf(path);
  if (connect(fd, address, address.length) < 0) {
    const error = failure(`connecting to ${path}`);
    closeDescriptor(fd);
    throw error;
  }
  return fd;
}

export function writeAll(fd: number, data: Buffer): void {
  const { write, failure } = libc();
  for (let at = 0; at < data.length;) {
    const written = write(fd, data.subarray(at), data.length - at);
    if (written < 0) throw failure('writing to the other process');
    at += written;
  }
}

export function closeDescriptor(fd: number): void {
  libc().close(fd);
}

/** The kernel takes the name of an abstract socket by its length: nothing may follow it. */
function addressOf(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > PATH_BYTES) throw new Error(`${path} is too long for a Unix socket`);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  return address;
}
