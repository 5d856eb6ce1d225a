import type { PreparedChain } from './prepared-listener.ts';

/** A connection in any of its states, as its listener keeps it. */
export interface ListenerConnection {
  /** Undefined while listener filters look for it. */
  readonly chain: PreparedChain | undefined;
  /** True where only the peers know when they are done. */
  readonly tunnel: boolean;
  drain(): void;
  destroy(): void;
}
