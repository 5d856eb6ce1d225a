import type { XdsNode } from './node.ts';
import { wordOf, type Reference } from './references.ts';
import { Resource } from './resource.ts';
import type { Subscription } from './subscription.ts';
import { TYPE_URL } from './type-urls.ts';

/**
 * `STALE`: sent and not answered; `NEVER_ACKNOWLEDGED`: that, and nothing of the type was ever acknowledged; `HELD_BACK`: kept
 * from the proxy, since it names what the proxy refused.
 */
export type SyncState = 'SYNCED' | 'NOT_SENT' | 'STALE' | 'NEVER_ACKNOWLEDGED' | 'NACKED' | 'HELD_BACK';

/** A resource that the proxy is to have and is not sent. */
export interface HeldBack {
  readonly name: string;
  /** What it names and the proxy lacks. */
  readonly lacks: readonly Reference[];
}

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
  /** What is kept from the proxy. Absent: nothing. */
  readonly heldBack?: readonly HeldBack[];
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
  /** The proxy's words when it refused it, or why it is held back. */
  readonly error?: string;
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
  const heldBack = [...subscription.held].map(([name, lacks]) => ({ name, lacks }));
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
    ...(heldBack.length === 0 ? {} : { heldBack }),
    wildcard: subscription.wildcard,
    subscribed: subscription.subscribed,
    resources: subscription.knownCount,
    each: () => resourceStatuses(subscription),
  };
}

/** `held back: it names the cluster "reviews", which the proxy refused` */
export function formatHeldBack({ lacks }: Pick<HeldBack, 'lacks'>): string {
  const all = lacks.map(({ typeUrl, name }) => {
    const why = typeUrl === TYPE_URL.cluster ? 'which the proxy refused' : 'which is held back';
    return `it names the ${wordOf(typeUrl)} "${name}", ${why}`;
  });
  return `held back: ${all.join('; ')}`;
}

function stateOf(subscription: Subscription): SyncState {
  const { outstanding, lastSent, acknowledged, refusal, held } = subscription;
  if (held.size > 0 && outstanding === undefined && refusal === undefined) return 'HELD_BACK';
  // What it has from an earlier stream may be all that it is to have.
  if (lastSent === undefined) return subscription.knownCount > 0 && subscription.idle(true) ? 'SYNCED' : 'NOT_SENT';
  if (outstanding !== undefined)
    return acknowledged === undefined && refusal === undefined ? 'NEVER_ACKNOWLEDGED' : 'STALE';
  return refusal === undefined ? 'SYNCED' : 'NACKED';
}

function* resourceStatuses(subscription: Subscription): Iterable<ResourceStatus> {
  const { known, target, names, refused, held } = subscription;
  const sent = new Set(subscription.outstanding?.changed.map(({ name }) => name));
  const seen = subscription.wildcard ? [...(target?.values() ?? [])].map(({ name }) => name) : names;
  for (const name of new Set([...seen, ...[...known.values()].map((one) => one.name), ...refused.keys()])) {
    const [wanted, has] = [target?.get(name), known.get(name)];
    if (wanted === undefined && has === undefined) continue;
    const had = has instanceof Resource ? has : has?.version === wanted?.version ? wanted : undefined;
    const one = { name, version: has?.version ?? '', wanted, had };
    const [refusal, lacks] = [refused.get(name), held.get(name)];
    if (refusal !== undefined) yield { ...one, state: 'NACKED', error: refusal.error };
    else if (lacks !== undefined) yield { ...one, state: 'HELD_BACK', error: formatHeldBack({ lacks }) };
    else if (has !== undefined) yield { ...one, state: has.version === wanted?.version ? 'SYNCED' : 'STALE' };
    else yield { ...one, state: sent.has(name) ? 'NEVER_ACKNOWLEDGED' : 'NOT_SENT' };
  }
}
