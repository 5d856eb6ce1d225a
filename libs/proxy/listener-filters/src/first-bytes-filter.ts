import { STOP, type AcceptedConnection, type ListenerFilter, type ListenerFilterStatus } from '@weft/proxy-filter-api';

/** A listener filter that waits for what the client says first. `C` is its configuration, `S` its counters. */
export abstract class FirstBytesFilter<C, S> implements ListenerFilter {
  protected readonly connection: AcceptedConnection;
  protected readonly config: C;
  protected readonly stats: S;

  constructor(connection: AcceptedConnection, config: C, stats: S) {
    this.connection = connection;
    this.config = config;
    this.stats = stats;
  }

  onAccept(): ListenerFilterStatus {
    return STOP;
  }

  /** All that came so far. */
  abstract onData(bytes: Buffer): ListenerFilterStatus;

  /** Ends the connection. */
  protected refuse(details: string): ListenerFilterStatus {
    this.connection.close(details);
    return STOP;
  }
}
