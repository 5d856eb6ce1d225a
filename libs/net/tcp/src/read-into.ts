import type { Socket } from 'node:net';

/** Called with what was read: its length, and the buffer it is in. `this` is the socket. True: read on. */
export type OnRead = (this: Socket, bytes: number, buffer: Buffer) => boolean;

interface ReadingHandle {
  useUserBuffer?(buffer: Buffer): void;
}

/**
 * Makes an open socket read into `buffer`, as the option `onread` does for sockets that connect. Node has no such option for
 * sockets that are accepted, and no way to change the buffer later, so this sets what the option sets. False, and nothing is
 * changed, where this version of Node keeps it elsewhere: the socket then goes on as it is.
 */
export function readInto(socket: Socket, buffer: Buffer, onRead: OnRead): boolean {
  const { _handle: handle } = socket as unknown as { _handle: ReadingHandle | null };
  const places = placesOf(socket);
  if (places === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  const slots = socket as unknown as Record<symbol, unknown>;
  slots[places.buffer] = buffer;
  slots[places.callback] = onRead;
  handle.useUserBuffer(buffer);
  return true;
}

interface Places {
  readonly buffer: symbol;
  readonly callback: symbol;
}

let known: Places | undefined;

/** Under which symbols sockets keep the two. The same for all sockets. */
function placesOf(socket: Socket): Places | undefined {
  if (known !== undefined) return known;
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, callback, generator] = [named('kBuffer'), named('kBufferCb'), named('kBufferGen')];
  if (buffer === undefined || callback === undefined || generator === undefined) return undefined;
  known = { buffer, callback };
  return known;
}
