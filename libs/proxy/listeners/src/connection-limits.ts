import type { ServerContext } from '@weft/proxy-filter-api';
import type { DecodedListenerConfig } from './listener-extensions.ts';
import type { ListenerStats } from './listener-stats.ts';

const NO_LIMIT = 0xffff_ffff;

/**
 * How many connections a listener may have: its own limit (the runtime key
 * `envoy.resource_limits.listener.<name>.connection_limit`), and what the overload manager says for the process.
 */
export class ConnectionLimits {
  private readonly server: ServerContext;
  private readonly stats: ListenerStats;
  private readonly key: string;
  private readonly global: boolean;
  private overloadable = false;

  constructor(server: ServerContext, config: DecodedListenerConfig, stats: ListenerStats) {
    this.server = server;
    this.stats = stats;
    this.key = `envoy.resource_limits.listener.${config.name}.connection_limit`;
    this.global = server.overload !== undefined && !config.ignoreGlobalConnLimit;
    this.configure(config);
  }

  configure(config: DecodedListenerConfig): void {
    this.overloadable = this.server.overload !== undefined && !config.bypassOverloadManager;
  }

  /** Whether one more may come in. Each true is ended by `release`; what is refused is counted. */
  admit(open: number): boolean {
    const { overload } = this.server;
    if (overload !== undefined && !this.admittedByOverload(overload)) return false;
    if (open < this.server.flags.integer(this.key, NO_LIMIT)) return true;
    if (this.global) overload?.releaseConnection();
    this.stats.cxOverflow.inc();
    return false;
  }

  release(): void {
    if (this.global) this.server.overload?.releaseConnection();
  }

  private admittedByOverload(overload: NonNullable<ServerContext['overload']>): boolean {
    if (this.overloadable) {
      const { rejectIncomingConnections: share } = overload;
      if ((share > 0 && overload.draw(share)) || overload.shed('tcp_listener_accept')) {
        this.stats.cxOverloadReject.inc();
        return false;
      }
    }
    if (!this.global || overload.admitConnection()) return true;
    this.stats.globalCxOverflow.inc();
    return false;
  }
}
