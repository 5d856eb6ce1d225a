import type { Message } from '@bufbuild/protobuf';
import { makeMessage, readMessage } from './messages.ts';
import type { XdsNode } from './node.ts';
import type { ProxyStatus, ResourceStatus, SyncState, TypeStatus } from './proxy-status.ts';
import type { Resource } from './resource.ts';
import { TYPE_URL } from './type-urls.ts';

/** ConfigStatus of csds.proto. */
const CONFIG_STATUS: Readonly<Record<SyncState, number>> = {
  SYNCED: 1,
  NOT_SENT: 2,
  STALE: 3,
  NEVER_ACKNOWLEDGED: 3,
  NACKED: 4,
  HELD_BACK: 2,
};

/** What gRPC libraries take unless they are told otherwise is 4 MiB. */
const OCTETS = 3.5 * 1024 * 1024;
/** What an entry takes beside its name and content, about. */
const ENTRY_OCTETS = 160;

/** One node, with all of its streams. */
interface Client {
  readonly node: XdsNode;
  readonly types: readonly TypeStatus[];
}

/**
 * A ClientStatusResponse: for each node an entry for each type, without a name, and behind it one for each resource, with its
 * content where `contents` are wanted; secrets never have theirs. What would make it larger than clients take is left out: first
 * the contents of a node, then its resources.
 */
export function clientStatusResponse(proxies: readonly ProxyStatus[], contents: boolean): Message {
  let left = OCTETS;
  const config = clientsOf(proxies).map(({ node, types }) => {
    const bare = types.map(typeEntry);
    left -= bare.length * ENTRY_OCTETS;
    for (const full of contents ? [true, false] : [false]) {
      const octets = octetsOf(types, full, left);
      if (octets > left) continue;
      left -= octets;
      const genericXdsConfigs = types.flatMap((type, i) => [bare[i], ...entriesOf(type, full)]);
      return { node: nodeFields(node), genericXdsConfigs };
    }
    return { node: nodeFields(node), genericXdsConfigs: bare };
  });
  return makeMessage('envoy.service.status.v3.ClientStatusResponse', { config });
}

function clientsOf(proxies: readonly ProxyStatus[]): Client[] {
  const byId = new Map<string, Client>();
  for (const { node, types } of proxies) {
    if (node === undefined) continue;
    byId.set(node.id, { node, types: [...(byId.get(node.id)?.types ?? []), ...types] });
  }
  return [...byId.values()];
}

function nodeFields({ id, cluster, metadata, locality, userAgentName }: XdsNode): object {
  return { id, cluster, metadata, locality, userAgentName };
}

/** Counting ends where it is more than `most`; it does not begin where the number of resources alone says so. */
function octetsOf(types: readonly TypeStatus[], full: boolean, most: number): number {
  const least = types.reduce((total, { resources }) => total + resources, 0) * ENTRY_OCTETS;
  if (least > most) return least;
  let sum = 0;
  for (const { typeUrl, each } of types)
    for (const one of each?.() ?? []) {
      const content = full ? shownOf(typeUrl, one) : [];
      sum += ENTRY_OCTETS + one.name.length + (one.error ?? '').length;
      for (const { any } of content) sum += any.length;
      if (sum > most) return sum;
    }
  return sum;
}

/** Whose contents an entry has: what is in force or on its way, and what was refused. */
function shownOf(typeUrl: string, { state, had, wanted }: ResourceStatus): Resource[] {
  if (typeUrl === TYPE_URL.secret) return [];
  return (state === 'NACKED' ? [had, wanted] : [wanted ?? had]).filter((one) => one !== undefined);
}

function typeEntry(type: TypeStatus): object {
  const { typeUrl, state, versionAcknowledged, sentMs } = type;
  const at = sentMs === undefined ? {} : { lastUpdated: timestamp(sentMs) };
  const refused = type.error === undefined ? {} : { errorState: errorOf(type) };
  return { typeUrl, versionInfo: versionAcknowledged, configStatus: CONFIG_STATUS[state], ...at, ...refused };
}

function* entriesOf(type: TypeStatus, full: boolean): Iterable<object> {
  const { typeUrl } = type;
  const content = (resource: Resource | undefined): object | undefined =>
    full && typeUrl !== TYPE_URL.secret && resource !== undefined
      ? readMessage('google.protobuf.Any', resource.any)
      : undefined;
  for (const { name, state, version, wanted, had, error } of type.each?.() ?? []) {
    const entry = { typeUrl, name, configStatus: CONFIG_STATUS[state] };
    if (state === 'NACKED') {
      const errorState = {
        ...errorOf({ ...type, error }, wanted?.version ?? ''),
        failedConfiguration: content(wanted),
      };
      yield { ...entry, versionInfo: version, xdsConfig: content(had), errorState };
    } else if (state === 'HELD_BACK') {
      const errorState = { details: error ?? '', versionInfo: wanted?.version ?? '' };
      yield { ...entry, versionInfo: version, xdsConfig: content(had ?? wanted), errorState };
    } else {
      yield { ...entry, versionInfo: wanted?.version ?? version, xdsConfig: content(wanted ?? had) };
    }
  }
}

function errorOf({ error, refusedVersion, refusedMs }: TypeStatus, version = refusedVersion ?? ''): object {
  return { details: error ?? '', versionInfo: version, lastUpdateAttempt: timestamp(refusedMs ?? 0) };
}

function timestamp(ms: number): object {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.floor(ms % 1000) * 1e6 };
}
