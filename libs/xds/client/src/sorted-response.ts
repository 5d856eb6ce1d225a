import type { Fault } from '@weft/api-envoy';
import type { Incoming, IncomingResource } from './incoming.ts';
import type { Opened } from './opened-resource.ts';
import type { Watch } from './watch.ts';

/** What was sorted out of a response before anybody sees it. */
export interface Sorted {
  readonly opened: Opened[];
  /** All names in it, also of what is unchanged or faulty. */
  readonly present: Map<string, IncomingResource>;
  readonly faults: Fault[];
  /** State of the world: the second of a name. The first counts, and the others are used. */
  readonly twins: Fault[];
  /** Incremental: those that watch a resource which is refused before anybody sees it. */
  readonly blamed: Set<Watch>;
}

export const nothingSorted = (): Sorted => ({
  opened: [],
  present: new Map(),
  faults: [],
  twins: [],
  blamed: new Set(),
});

/** A watcher's part of a response. */
export interface Told {
  readonly kind: Incoming['kind'];
  readonly version: string;
  readonly added: readonly Opened[];
  readonly removed: readonly string[];
  /** Something that it watches was refused before it could see it. */
  readonly blamed?: boolean;
}
