import type { Any } from '@bufbuild/protobuf/wkt';
import { validateMessage, type Fault } from '@weft/api-envoy';
import { normalizeName } from '@weft/model-config-source';
import type { Incoming, IncomingResource } from './incoming.ts';
import { digestOf } from './opened-resource.ts';
import { resourceName } from './resource-name.ts';
import type { ResourcesInForce } from './resources-in-force.ts';
import { nothingSorted, type Sorted } from './sorted-response.ts';
import type { WatchSet } from './watch-set.ts';

/** Sorts a response before anybody sees it: what is the same as before is dropped unread, the rest is opened and checked. */
export class ResponseSorter {
  private readonly typeName: string;
  private readonly inForce: ResourcesInForce;
  private readonly watches: WatchSet;

  constructor(typeName: string, inForce: ResourcesInForce, watches: WatchSet) {
    this.typeName = typeName;
    this.inForce = inForce;
    this.watches = watches;
  }

  sort({ resources, kind }: Incoming): Sorted {
    const sorted = nothingSorted();
    for (const incoming of resources) {
      const { any } = incoming;
      const digest = any === undefined ? '' : digestOf(any);
      // Twice the same in one response is a fault, which the second of them meets below.
      const known = incoming.name === '' ? this.inForce.withDigest(digest) : this.inForce.get(incoming.name);
      const same = known !== undefined && (any === undefined || known.digest === digest);
      if (same && !sorted.present.has(known.name)) {
        sorted.present.set(known.name, incoming);
        if (any !== undefined && kind === 'incremental') known.version = incoming.version;
        this.inForce.prolong(known, incoming.ttlMs);
      } else if (any !== undefined) this.open({ incoming, any, digest, kind }, sorted);
    }
    return sorted;
  }

  private open(
    { incoming, any, digest, kind }: { incoming: IncomingResource; any: Any; digest: string; kind: Incoming['kind'] },
    { opened, present, faults, twins, blamed }: Sorted,
  ): void {
    // Incremental responses name their resources outside: what nobody asked for is not even opened.
    if (kind === 'incremental' && !this.watches.isWanted(incoming)) return;
    const { aliases } = incoming;
    const sink = { faults: [] as Fault[], warnings: [] };
    const cx = incoming.place(incoming.name, sink);
    const message = cx.unpack(any, this.typeName);
    if (message === undefined) {
      faults.push(...sink.faults);
      for (const watch of this.watches.of(incoming)) blamed.add(watch);
      return;
    }
    const name = normalizeName(incoming.name || resourceName(message) || `unnamed ${digest}`);
    const named = incoming.place(name, sink);
    validateMessage(message, named);
    if (sink.faults.length > 0) for (const watch of this.watches.of({ name, aliases })) blamed.add(watch);
    if (present.has(name) && sink.faults.length === 0) {
      named.error(`there are two resources named "${name}"`, { expected: 'each name once' });
      twins.push(...sink.faults);
      return;
    }
    present.set(name, incoming);
    const { $typeName, typeUrl, value } = any;
    // A copy: the octets of a whole response must not live on for one resource of it.
    const own = { ...incoming, any: { $typeName, typeUrl, value: value.slice() } };
    opened.push({ incoming: own, name, digest, message, faults: sink.faults });
  }
}
