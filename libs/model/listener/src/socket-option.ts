import type { ListenerAddress } from './listener-address.ts';

/** An option that a listening socket gets once it listens; the sockets it accepts inherit it. Source: SocketOption v3. */
export interface SocketOptionConfig {
  readonly level: number;
  readonly name: number;
  readonly value: number | Uint8Array;
  /** Undefined: for both. */
  readonly family: 'IPv4' | 'IPv6' | undefined;
}

/** Those that are for a socket of this address. */
export function optionsFor(
  options: readonly SocketOptionConfig[],
  address: ListenerAddress,
): readonly SocketOptionConfig[] {
  const family = address.kind !== 'socket' ? undefined : address.ip.includes(':') ? 'IPv6' : 'IPv4';
  return options.filter((option) => option.family === undefined || option.family === family);
}
