import type { Fault } from '@weft/api-envoy';
import type { ConfigSource } from '@weft/model-config-source';
import type { ReceivedResource, ResourceUpdate } from './subscription.ts';

/** A subscription of another thread. Everything in it can be copied there, as in all that follows. */
export interface RelayedWish {
  readonly source: ConfigSource;
  readonly typeName: string;
  readonly names: readonly string[] | 'wildcard';
  /** What the names of its statistics begin with; undefined: nobody counts. */
  readonly statsPrefix: string | undefined;
  readonly needsResource: boolean;
}

/** A ResourceUpdate whose resources are octets, one behind the other: one block of memory is copied at once. */
export interface RelayedUpdate {
  readonly kind: ResourceUpdate['kind'];
  readonly version: string;
  readonly names: readonly string[];
  readonly versions: readonly string[];
  /** How many of the octets are each resource's. */
  readonly lengths: readonly number[];
  readonly octets: Uint8Array;
  readonly removed: readonly string[];
}

/** What a watcher made of an update. */
export interface RelayedOutcome {
  readonly faults: readonly PlacedFault[];
  readonly warnings: readonly PlacedFault[];
  /** What it threw: all of the update is refused. */
  readonly thrown: string | undefined;
}

/** A fault of the resource at a place of `names`; its path begins at the resource. */
export interface PlacedFault {
  readonly at: number;
  readonly fault: Fault;
}

/** What a thread that subscribes tells the one that holds the subscriptions. `id` is its own choice, and never used again. */
export interface RelayUpstream {
  subscribeResources(id: number, wish: RelayedWish): void;
  unsubscribeResources(id: number): void;
  /** From now on it wants these. */
  renameResources(id: number, names: readonly string[]): void;
  /** The server is to tell of these once more. */
  askResourcesAgain(id: number, names: readonly string[]): void;
}

/** What the thread that holds the subscriptions tells one that subscribes. */
export interface RelayDownstream {
  /** Settled when the watcher took or refused it; the next for this `id` waits for that. */
  takeResources(id: number, update: RelayedUpdate): Promise<RelayedOutcome>;
  /** The response is refused whole: what else is wrong with these? */
  judgeResources(id: number, update: RelayedUpdate): Promise<RelayedOutcome>;
  /** Nothing came in time, or what came first was refused: go on without. */
  resourcesLate(id: number): void;
  /** The first update is taken, refused, or no longer waited for. */
  resourcesSettled(id: number): void;
}

/** One resource on its way. */
export type RelayedResource = Pick<ReceivedResource, 'name' | 'version' | 'octets'>;

export function packUpdate(
  { kind, version, removed }: Pick<ResourceUpdate, 'kind' | 'version' | 'removed'>,
  resources: readonly RelayedResource[],
): RelayedUpdate {
  const lengths = resources.map(({ octets }) => octets.length);
  const octets = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const resource of resources) {
    octets.set(resource.octets, at);
    at += resource.octets.length;
  }
  return {
    kind,
    version,
    names: resources.map(({ name }) => name),
    versions: resources.map((resource) => resource.version),
    lengths,
    octets,
    removed,
  };
}

export function unpackUpdate({ names, versions, lengths, octets }: RelayedUpdate): RelayedResource[] {
  let at = 0;
  return names.map((name, i) => {
    const from = at;
    at += lengths[i] as number;
    // A copy: one resource that stays in use must not keep the octets of all.
    return { name, version: versions[i] as string, octets: octets.slice(from, at) };
  });
}
