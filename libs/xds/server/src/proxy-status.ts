import type { XdsNode } from './node.ts';
import type { Subscription } from './subscription.ts';

/** `STALE`: sent and not answered; `NEVER_ACKNOWLEDGED`: that, and nothing of the type was ever acknowledged. */
export type SyncState = 'SYNCED' | 'NOT_SENT' | 'STALE' | 'NEVER_ACKNOWLEDGED' | 'NACKED';

/** How one type stands at one proxy. Times are of the wall clock, in milliseconds. */
export interface TypeStatus {
  readonly typeUrl: string;
  readonly state: SyncState;
  readonly versionSent: string;
  readonly versionAcknowledged: string;
  readonly sentMs: number | undefined;
  readonly acknowledgedMs: number | undefined;
  /** The proxy's words, when it refused the last response. */
  readonly error: string | undefined;
  readonly wildcard: boolean;
  /** How many names the proxy asked for. */
  readonly subscribed: number;
  /** How many resources the proxy has acknowledged. */
  readonly resources: number;
}

/** One stream of one proxy, or a proxy that fetches (`rest`). A proxy with separate streams has several. */
export interface ProxyStatus {
  readonly connectionId: string;
  readonly node: XdsNode | undefined;
  readonly peerAddress: string;
  readonly protocol: 'sotw' | 'delta' | 'rest';
  readonly connectedMs: number;
  readonly types: readonly TypeStatus[];
}

export function typeStatusOf(subscription: Subscription): TypeStatus {
  const { lastSent, acknowledged, refusal } = subscription;
  return {
    typeUrl: subscription.typeUrl,
    state: stateOf(subscription),
    versionSent: lastSent?.version ?? '',
    versionAcknowledged: acknowledged?.version ?? '',
    sentMs: lastSent?.atMs,
    acknowledgedMs: acknowledged?.atMs,
    error: refusal?.error,
    wildcard: subscription.wildcard,
    subscribed: subscription.subscribed,
    resources: subscription.knownCount,
  };
}

function stateOf({ outstanding, lastSent, acknowledged, refusal }: Subscription): SyncState {
  if (lastSent === undefined) return 'NOT_SENT';
  if (outstanding !== undefined)
    return acknowledged === undefined && refusal === undefined ? 'NEVER_ACKNOWLEDGED' : 'STALE';
  return refusal === undefined ? 'SYNCED' : 'NACKED';
}
