import type { ServerContext } from '@weft/proxy-filter-api';
import { listenOn } from './listen-on.ts';
import type { PreparedListener } from './prepared-listener.ts';

/**
 * Binds the TCP ports of a listener that has to wait, and lets go of them at once: what cannot be bound is known while the update
 * that brought it can still be refused. Rejects with the system's error. Envoy binds before it waits, and listens after it;
 * Node does both in one.
 */
export async function tryAddresses(prepared: PreparedListener, server: ServerContext): Promise<void> {
  const { address, additionalAddresses, protocol } = prepared.config;
  if (protocol === 'UDP') return;
  for (const one of [address, ...additionalAddresses]) {
    if (one.kind !== 'socket' || one.port === 0) continue;
    const bound = await listenOn({ prepared, server, onSocket: (socket) => socket.destroy() }, one, {});
    await bound.close();
  }
}
