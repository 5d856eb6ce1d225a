import { libc } from './libc.ts';

const F_DUPFD_CLOEXEC = 1030;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** A second descriptor of the same socket or file; each is closed for itself. Throws the system's reason. */
export function duplicate(fd: number): number {
  const { fcntl, failure } = libc();
  // Above the standard streams, so that a number never stands for one of them.
  const copy = fcntl(fd, F_DUPFD_CLOEXEC, 'int', 3);
  if (copy < 0) throw failure('duplicating a descriptor');
  return copy;
}

/** The user that the process at the other end of a Unix socket runs as. */
export function peerUserId(fd: number): number {
  const { getsockopt, failure } = libc();
  const credentials = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(credentials.length);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) < 0) throw failure("asking for the peer's user");
  return credentials.readUInt32LE(4);
}
