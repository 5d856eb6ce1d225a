import type { Message } from '@bufbuild/protobuf';
import type { ObjectRef } from '@weft/control-mesh';

/** One thing that proxies would refuse in a resource. */
export interface PartFault {
  /** By the names of the API: `virtual_hosts[0].routes[1].match`. */
  readonly path: string;
  readonly message: string;
}

/** What is left of a resource. */
export interface Mending {
  /** Undefined: nothing. */
  readonly message: Message | undefined;
  readonly faults: readonly (PartFault & { readonly outcome: string; readonly documents: readonly ObjectRef[] })[];
  /** What it was before is better, where it was something. */
  readonly yields: boolean;
}

/** The places of a list that faults are at, with whose they are: `list[3].rest`. */
export function byPlace(faults: readonly PartFault[], list: RegExp): ReadonlyMap<number, readonly PartFault[]> {
  const found = new Map<number, PartFault[]>();
  for (const fault of faults) {
    const place = list.exec(fault.path)?.[1];
    if (place === undefined) continue;
    const index = Number(place);
    found.set(index, [...(found.get(index) ?? []), fault]);
  }
  return found;
}
