import type { Portion } from './portion.ts';
import type { Reference } from './references.ts';
import type { ResourceMap, Versioned } from './resource-map.ts';
import type { Resource } from './resource.ts';

/** What the next response would carry. */
export interface Pending {
  readonly changed: readonly Resource[];
  readonly removed: readonly string[];
  /** The same as `changed`, where many proxies are sent it. */
  readonly portion?: Portion;
  /** What the proxy has and is to keep. Where there is any there is nothing else. */
  readonly heartbeats?: readonly Resource[];
  /** The part of a refused response that it is. */
  readonly group?: ReadonlySet<string>;
}

/** A response that is on its way: sent, not yet answered. */
export interface Outstanding extends Pending {
  readonly nonce: string;
  readonly version: string;
  readonly sentMs: number;
  /** What the proxy has when it takes the response. */
  readonly after: ResourceMap<Versioned>;
}

/** What is stale may go: all of it, nothing, or what this says of a name. */
export type Removals = boolean | ((name: string) => boolean);

export function mayRemove(removals: Removals, name: string): boolean {
  return typeof removals === 'boolean' ? removals : removals(name);
}

/** Keeps from a proxy what names others that it does not have. */
export interface Gate {
  /** False: the proxy has everything that anything may name. */
  readonly closed: boolean;
  /** What the resource names and the proxy lacks: while there is any it is held back. */
  lacks(resource: Resource): readonly Reference[];
  /** What of a resource that is held back the proxy may have; undefined: nothing. `had`: what it has. */
  part(resource: Resource, had: Versioned | undefined): Resource | undefined;
}

export const OPEN_GATE: Gate = { closed: false, lacks: () => [], part: () => undefined };
