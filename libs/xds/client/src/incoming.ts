import type { Any } from '@bufbuild/protobuf/wkt';
import type { DecodeContext, Fault } from '@weft/api-envoy';

/** One resource as a response has it. */
export interface IncomingResource {
  /** `''`: the message tells. */
  readonly name: string;
  /** Other names that it answers to (delta only). */
  readonly aliases: readonly string[];
  readonly version: string;
  /** Undefined: a heartbeat, which only prolongs the life of what is there. */
  readonly any: Any | undefined;
  /** How long it lives from now on, in milliseconds. Undefined: until it is removed. */
  readonly ttlMs: number | undefined;
  /** Its place, for faults. */
  place(name: string, sink: { faults: Fault[]; warnings: Fault[] }): DecodeContext;
}

/** One response. */
export interface Incoming {
  readonly kind: 'full' | 'incremental';
  readonly version: string;
  readonly resources: readonly IncomingResource[];
  readonly removed: readonly string[];
}

/** Names that an incremental response has more than once, added or removed: it contradicts itself, and is refused whole. */
export function namesTwice({ resources, removed }: Incoming): Fault[] {
  const seen = new Set<string>();
  const faults: Fault[] = [];
  for (const name of [...resources.map((resource) => resource.name), ...removed]) {
    if (seen.has(name))
      faults.push({
        path: '',
        file: '',
        message: `there are two resources named "${name}"`,
        expected: 'each name once',
      });
    seen.add(name);
  }
  return faults;
}

/** What faults call a resource that came over the wire: `Cluster "a"`. */
export function placeName(typeName: string, name: string): string {
  return `${typeName.slice(typeName.lastIndexOf('.') + 1)} "${name}"`;
}
