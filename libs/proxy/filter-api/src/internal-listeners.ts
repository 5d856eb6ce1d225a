import type { Transport } from '@weft/core-bytes';

/** Connections from clusters to listeners of the same process (`internal_listener`, EnvoyInternalAddress). */
export interface InternalListeners {
  /** The client's end of a new connection to the listener of that name; undefined where there is none. */
  connect(name: string): Transport | undefined;
}
