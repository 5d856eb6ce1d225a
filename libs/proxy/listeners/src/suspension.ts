import { duplicate } from '@weft/net-descriptors';
import type { SocketListener } from '@weft/net-tcp';
import type { ServerContext } from '@weft/proxy-filter-api';
import type { DecodedListenerConfig } from './listener-extensions.ts';

/** The sockets of a listener. */
export interface OwnedSockets {
  readonly sockets: readonly SocketListener[];
  /** Their descriptors are other ones now. */
  onMoved(): void;
}

/**
 * Stops a listener's sockets from accepting while the overload action stop_accepting_connections is saturated: clients then
 * wait in the kernel's queue. Where the platform cannot do it, connections are closed as they come.
 */
export class Suspension {
  /** True: close what comes. */
  refuses = false;
  private readonly server: ServerContext;
  private readonly owned: OwnedSockets;
  private readonly unsubscribe: () => void;

  constructor(server: ServerContext, config: DecodedListenerConfig, owned: OwnedSockets) {
    this.server = server;
    this.owned = owned;
    const { overload } = server;
    this.unsubscribe =
      overload === undefined || config.bypassOverloadManager ? () => undefined : overload.onChange(() => this.follow());
    if (overload?.stopAcceptingConnections === true && !config.bypassOverloadManager) this.follow();
  }

  /** The listener stops for good. */
  end(): void {
    this.unsubscribe();
  }

  private follow(): void {
    if (this.server.overload?.stopAcceptingConnections !== true) {
      this.refuses = false;
      for (const socket of this.owned.sockets) socket.resume();
      this.owned.onMoved();
      return;
    }
    try {
      for (const socket of this.owned.sockets) socket.suspend(duplicate);
      this.owned.onMoved();
    } catch (error) {
      this.refuses = true;
      this.server.runtime.loggers
        .get('main')
        .warning(`Listeners cannot stop accepting, so they close what comes: ${(error as Error).message}.`);
    }
  }
}
