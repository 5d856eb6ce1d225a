import type { Transport } from '@weft/core-bytes';
import type { Connecting, ConnectFailure } from '@weft/net-tcp';
import type { InternalListeners } from '@weft/proxy-filter-api';

/** Whoever asked for a connection within this process. */
export interface InternalConnectOwner {
  onOpen(transport: Transport): void;
  onConnectFailure(failure: ConnectFailure): void;
}

/** Connects to a listener of this process by its name. As with `connect`, the answer comes later than the call returns. */
export function connectInternally(
  listeners: InternalListeners | undefined,
  name: string,
  owner: InternalConnectOwner,
): Connecting {
  let over = false;
  process.nextTick(() => {
    if (over) return;
    const transport = listeners?.connect(name);
    if (transport !== undefined) owner.onOpen(transport);
    else owner.onConnectFailure({ reason: 'refused', details: `no internal listener "${name}"`, error: undefined });
  });
  return {
    abort: () => {
      over = true;
    },
  };
}
