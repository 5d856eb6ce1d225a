import type { Transport } from '@weft/core-bytes';
import type { Connecting, ConnectFailure } from '@weft/net-tcp';
import type { InternalListeners } from '@weft/proxy-filter-api';
import type { HostSocket } from './host-sockets.ts';
import type { PoolKind } from './pool-kind.ts';

/** Whoever asked for a connection within this process. */
export interface InternalConnectOwner {
  onOpen(transport: Transport): void;
  onConnectFailure(failure: ConnectFailure): void;
}

/** Where to connect to, and what the connection would be over a network. */
export interface InternalTarget {
  readonly name: string;
  readonly socket: HostSocket;
  readonly kind: PoolKind;
}

/** Connects to a listener of this process by its name. As with `connect`, the answer comes later than the call returns. */
export function connectInternally(
  listeners: InternalListeners | undefined,
  { name, socket, kind }: InternalTarget,
  owner: InternalConnectOwner,
): Connecting {
  let over = false;
  const fail = (details: string): void => owner.onConnectFailure({ reason: 'refused', details, error: undefined });
  process.nextTick(() => {
    if (over) return;
    // To leave it out would send in plaintext what was to be encrypted.
    if (socket.tls !== undefined) {
      fail(`TLS to the internal listener "${name}" is not implemented`);
      return;
    }
    const transport = listeners?.connect(name);
    if (transport === undefined) {
      fail(`there is no internal listener "${name}"`);
      return;
    }
    if (kind.preamble !== undefined) transport.write(kind.preamble);
    owner.onOpen(transport);
  });
  return {
    abort: () => {
      over = true;
    },
  };
}
