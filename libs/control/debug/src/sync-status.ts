import { formatHeldBack, TYPE_URL, type ProxyStatus, type SyncState, type TypeStatus } from '@weft/xds-server';
import type { WithheldPart } from './debug-source.ts';
import { proxyName } from './proxy-name.ts';
import { withheldText } from './withheld-text.ts';

/** The types that people ask about, in the order of Istio's table; then those that only some proxies want. */
export const SYNC_TYPES = {
  CDS: TYPE_URL.cluster,
  LDS: TYPE_URL.listener,
  EDS: TYPE_URL.endpoint,
  RDS: TYPE_URL.route,
  ECDS: TYPE_URL.extension,
  SDS: TYPE_URL.secret,
  RTDS: TYPE_URL.runtime,
} as const;

export type SyncType = keyof typeof SYNC_TYPES;

/** As istioctl writes them. */
const TEXT: Readonly<Record<SyncState, string>> = {
  SYNCED: 'SYNCED',
  NOT_SENT: 'NOT SENT',
  STALE: 'STALE',
  NEVER_ACKNOWLEDGED: 'STALE (Never Acknowledged)',
  NACKED: 'NACKED',
  HELD_BACK: 'HELD BACK',
};

/** How one type stands at one proxy. Times are ISO 8601. */
export interface TypeSync {
  readonly status: string;
  readonly versionSent?: string;
  readonly versionAcknowledged?: string;
  readonly sentAt?: string;
  readonly acknowledgedAt?: string;
  /** The proxy's words, when it refused the last response. */
  readonly error?: string;
  /** What the proxy is not sent, and why. Absent: nothing. */
  readonly heldBack?: readonly { readonly name: string; readonly reason: string }[];
  readonly subscribed: number | '*';
  readonly acknowledgedResources: number;
}

/** One proxy with all its streams. */
export interface ProxySync {
  /** `name.namespace`. */
  readonly name: string;
  readonly id: string;
  readonly cluster: string;
  readonly peerAddress: string;
  readonly protocol: string;
  readonly connectedAt: string;
  readonly streams: number;
  /** `envoy 1.40.0`. */
  readonly version: string;
  readonly controlPlane: string;
  readonly types: Readonly<Partial<Record<SyncType, TypeSync>>>;
  /** What it is not told as the documents say, since it would refuse it. */
  readonly withheld: readonly string[];
}

/** Every proxy by name. Of two streams for the same type the younger one counts: the other is about to end. */
export function syncStatus(
  proxies: readonly ProxyStatus[],
  controlPlane: string,
  withheld: (id: string) => readonly WithheldPart[],
): ProxySync[] {
  const named = proxies.filter(({ node }) => node !== undefined);
  const byNode = Map.groupBy(named, ({ node }) => node?.id ?? '');
  return [...byNode]
    .map(([id, streams]) => ({ ...proxySync(id, streams, controlPlane), withheld: withheld(id).map(withheldText) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function proxySync(id: string, streams: readonly ProxyStatus[], controlPlane: string): Omit<ProxySync, 'withheld'> {
  const ordered = streams.toSorted((a, b) => a.connectedMs - b.connectedMs);
  const [oldest] = ordered as [ProxyStatus];
  const { node, peerAddress, protocol, connectedMs } = oldest;
  const byUrl = new Map(ordered.flatMap(({ types }) => types.map((type) => [type.typeUrl, type] as const)));
  const types: Partial<Record<SyncType, TypeSync>> = {};
  for (const [name, url] of Object.entries(SYNC_TYPES) as [SyncType, string][]) {
    const type = byUrl.get(url);
    if (type !== undefined) types[name] = typeSync(type);
  }
  const version = [node?.userAgentName, node?.userAgentVersion].filter((part) => part !== undefined && part !== '');
  return {
    name: proxyName(id),
    id,
    cluster: node?.cluster ?? '',
    peerAddress,
    protocol,
    connectedAt: isoTime(connectedMs),
    streams: streams.length,
    version: version.join(' '),
    controlPlane,
    types,
  };
}

function typeSync(type: TypeStatus): TypeSync {
  const { versionSent, versionAcknowledged, sentMs, acknowledgedMs, error, heldBack, wildcard } = type;
  const { subscribed, resources } = type;
  return {
    status: TEXT[type.state],
    ...(versionSent === '' ? {} : { versionSent }),
    ...(versionAcknowledged === '' ? {} : { versionAcknowledged }),
    ...(sentMs === undefined ? {} : { sentAt: isoTime(sentMs) }),
    ...(acknowledgedMs === undefined ? {} : { acknowledgedAt: isoTime(acknowledgedMs) }),
    ...(error === undefined ? {} : { error }),
    ...(heldBack === undefined
      ? {}
      : { heldBack: heldBack.map((one) => ({ name: one.name, reason: formatHeldBack(one) })) }),
    subscribed: wildcard ? '*' : subscribed,
    acknowledgedResources: resources,
  };
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
