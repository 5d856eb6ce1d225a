import { libc } from './libc.ts';

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
/** A control message's header: its length (8 bytes), level and type. */
const HEADER_BYTES = 16;
/** A header and one descriptor, aligned. */
const CONTROL_BYTES = 24;

/** What came in one go. */
export interface Received {
  readonly data: Buffer;
  /** It belongs to who asked: to use, or to close. */
  readonly fd: number | undefined;
}

/** Sends bytes over a Unix socket, and with the first of them a descriptor. Gives how many bytes were sent. */
export function sendWithDescriptor(socket: number, data: Buffer, fd: number): number {
  const { sendmsg, failure } = libc();
  const control = Buffer.alloc(CONTROL_BYTES);
  control.writeBigUInt64LE(BigInt(HEADER_BYTES + 4), 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(fd, HEADER_BYTES);
  const sent = sendmsg(socket, messageOf(data, control), MSG_NOSIGNAL);
  if (sent < 0) throw failure('passing a descriptor');
  return sent;
}

/** Waits for bytes from a Unix socket, at most `maxBytes`; none: the other end closed. */
export function receive(socket: number, maxBytes: number): Received {
  const { recvmsg, failure } = libc();
  const data = Buffer.alloc(maxBytes);
  const control = Buffer.alloc(CONTROL_BYTES);
  const message = messageOf(data, control);
  const received = recvmsg(socket, message, MSG_CMSG_CLOEXEC);
  if (received < 0) throw failure('waiting for the other process');
  const hasDescriptor =
    Number(message.controlLength) >= HEADER_BYTES + 4 &&
    control.readInt32LE(8) === SOL_SOCKET &&
    control.readInt32LE(12) === SCM_RIGHTS;
  return { data: data.subarray(0, received), fd: hasDescriptor ? control.readInt32LE(HEADER_BYTES) : undefined };
}

function messageOf(data: Buffer, control: Buffer) {
  return {
    name: null,
    nameLength: 0,
    iov: [{ base: data, length: data.length }],
    iovLength: 1,
    control,
    controlLength: control.length,
    flags: 0,
  };
}
