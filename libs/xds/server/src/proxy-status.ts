import type { XdsNode } from './node.ts';
import { Resource } from './resource.ts';
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
  /** The version of that response, and when it was refused. */
  readonly refusedVersion?: string | undefined;
  readonly refusedMs?: number | undefined;
  readonly wildcard: boolean;
  /** How many names the proxy asked for. */
  readonly subscribed: number;
  /** How many resources the proxy has acknowledged. */
  readonly resources: number;
  /** Each resource, as it stands when this is called. Absent where it is not known: a proxy that fetches. */
  readonly each?: () => Iterable<ResourceStatus>;
}

/** How one resource stands at one proxy. */
export interface ResourceStatus {
  readonly name: string;
  readonly state: SyncState;
  /** That of what the proxy acknowledged; `''`: it has none. */
  readonly version: string;
  /** What it was sent or will be. Undefined: nothing, it is to be removed. */
  readonly wanted: Resource | undefined;
  /** What it has, where this server gave it on this stream or still has it. */
  readonly had: Resource | undefined;
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
    refusedVersion: refusal?.version,
    refusedMs: refusal?.atMs,
    wildcard: subscription.wildcard,
    subscribed: subscription.subscribed,
    resources: subscription.knownCount,
    each: () => resourceStatuses(subscription),
  };
}

function stateOf({ outstanding, lastSent, acknowledged, refusal }: Subscription): SyncState {
  if (lastSent === undefined) return 'NOT_SENT';
  if (outstanding !== undefined)
    return acknowledged === undefined && refusal === undefined ? 'NEVER_ACKNOWLEDGED' : 'STALE';
  return refusal === undefined ? 'SYNCED' : 'NACKED';
}

function* resourceStatuses(subscription: Subscription): Iterable<ResourceStatus> {
  const { known, target, names, refused } = subscription;
  const sent = new Set(subscription.outstanding?.changed.map(({ name }) => name));
  const seen = subscription.wildcard ? [...(target?.values() ?? [])].map(({ name }) => name) : names;
  for (const name of new Set([...seen, ...[...known.values()].map((one) => one.name), ...refused])) {
    const [wanted, has] = [target?.get(name), known.get(name)];
    if (wanted === undefined && has === undefined) continue;
    const had = has instanceof Resource ? has : has?.version === wanted?.version ? wanted : undefined;
    const one = { name, version: has?.version ?? '', wanted, had };
    if (refused.has(name) && subscription.refusal !== undefined) yield { ...one, state: 'NACKED' };
    else if (has !== undefined) yield { ...one, state: has.version === wanted?.version ? 'SYNCED' : 'STALE' };
    else yield { ...one, state: sent.has(name) ? 'NEVER_ACKNOWLEDGED' : 'NOT_SENT' };
  }
}
