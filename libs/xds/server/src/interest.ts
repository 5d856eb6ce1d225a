import type { NameList } from './name-list.ts';

/** What a request says of the resources that the proxy wants: all of it (state of the world), or what changed (delta). */
export type Interest =
  | {
      readonly kind: 'whole';
      readonly wanted: NameList;
      /** The version that the proxy took last, also on an earlier stream; empty: none. */
      readonly version: string;
    }
  | {
      readonly kind: 'change';
      readonly add: NameList;
      readonly remove: readonly string[];
      /** Versions that the proxy has from an earlier stream, by name. */
      readonly has: Readonly<Record<string, string>>;
    };

/** What came of a nonce in a request. */
export type NonceOutcome = 'none' | 'stale' | 'acknowledged' | 'refused';
