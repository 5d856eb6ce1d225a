import type { NameList } from './name-list.ts';
import { Resource } from './resource.ts';
import { ResourceMap, type Versioned } from './resource-map.ts';

/** The octets of resources as one response of a protocol carries them. */
export type ResourceForm = (resources: readonly Resource[]) => Uint8Array;

/** Resources that many proxies are sent together: their octets are put together once for all. */
export class Chunk {
  readonly resources: readonly Resource[];
  /** About what they take in a response. */
  readonly octets: number;
  /** By form; undefined: one proxy was sent it, and that may have been the only one. */
  private readonly made = new Map<ResourceForm, Uint8Array | undefined>();
  private last: { readonly from: ResourceMap<Versioned>; readonly to: ResourceMap<Versioned> } | undefined;

  constructor(resources: readonly Resource[], octets: number) {
    this.resources = resources;
    this.octets = octets;
  }

  encoded(form: ResourceForm): Uint8Array {
    const known = this.made.get(form);
    if (known !== undefined) return known;
    const octets = form(this.resources);
    this.made.set(form, this.made.has(form) ? octets : undefined);
    return octets;
  }

  /** What a proxy that has `from` has after it; the same for all that come the same way. */
  after(from: ResourceMap<Versioned>): ResourceMap<Versioned> {
    if (this.last?.from !== from) this.last = { from, to: from.with(this.resources) };
    return this.last.to;
  }
}

/** What goes in one response: what many proxies get, and what this one alone gets. */
export class Portion {
  readonly shared: Chunk | undefined;
  readonly own: readonly Resource[];
  private all: readonly Resource[] | undefined;

  constructor(shared: Chunk | undefined, own: readonly Resource[] = []) {
    this.shared = shared;
    this.own = own;
  }

  get resources(): readonly Resource[] {
    this.all ??=
      this.own.length === 0 ? (this.shared?.resources ?? []) : [...(this.shared?.resources ?? []), ...this.own];
    return this.all;
  }

  get octets(): number {
    return (this.shared?.octets ?? 0) + octetsOf(this.own);
  }

  /** What a proxy that has `known` has when it takes this, where it is to have `target`. */
  after(known: ResourceMap<Versioned>, target: ResourceMap<Versioned>): ResourceMap<Versioned> {
    const between = this.shared?.after(known) ?? known;
    return between.leadsTo(target, this.own) ? target : between.with(this.own);
  }
}

/** About what resources take in a response. */
export function octetsOf(resources: readonly Resource[]): number {
  let octets = 0;
  for (const resource of resources) octets += sizeOf(resource);
  return octets;
}

/** Name and version stand beside the content in delta. */
function sizeOf({ any, name }: Resource): number {
  return any.length + name.length + FRAME_OCTETS;
}

const FRAME_OCTETS = 32;

const wholes = new WeakMap<ResourceMap<Versioned>, Map<number, readonly Portion[]>>();

/** All of a map, in portions of at most `limit` octets; a resource that is larger has one to itself. None for an empty map. */
export function portionsOf(map: ResourceMap<Versioned>, limit: number): readonly Portion[] {
  const { layers } = map;
  if (layers !== undefined) return overlaid(portionsOf(layers.under, limit), resourcesIn(layers.own), limit);
  let byLimit = wholes.get(map);
  if (byLimit === undefined) wholes.set(map, (byLimit = new Map()));
  let portions = byLimit.get(limit);
  if (portions === undefined) byLimit.set(limit, (portions = cut(resourcesIn(map), limit)));
  return portions;
}

/** The last portion takes `own` along where there is room. */
function overlaid(under: readonly Portion[], own: readonly Resource[], limit: number): readonly Portion[] {
  const last = under.at(-1);
  if (last === undefined || last.octets + octetsOf(own) > limit) return [...under, new Portion(undefined, own)];
  return [...under.slice(0, -1), new Portion(last.shared, own)];
}

/** Only delta proxies can have something that is not from here. */
function resourcesIn(map: ResourceMap<Versioned>): Resource[] {
  return [...map.values()].filter((entry) => entry instanceof Resource);
}

/** What there is of the names of a request, and the names that there is nothing of. */
export interface NamedPortions {
  readonly portions: readonly Portion[];
  readonly missing: readonly string[];
}

const named = new WeakMap<
  NameList,
  { readonly target: ResourceMap<Resource>; readonly limit: number; readonly made: NamedPortions }
>();

/** The same for the same list: a thousand proxies ask for the endpoints of the same clusters. */
export function portionsNamed(list: NameList, target: ResourceMap<Resource>, limit: number): NamedPortions {
  const known = named.get(list);
  if (known?.target === target && known.limit === limit) return known.made;
  const found: Resource[] = [];
  const missing: string[] = [];
  for (const name of new Set(list.names)) {
    const resource = target.get(name);
    if (resource === undefined) missing.push(name);
    else found.push(resource);
  }
  const made = { portions: cut(found, limit), missing };
  named.set(list, { target, limit, made });
  return made;
}

function cut(resources: readonly Resource[], limit: number): readonly Portion[] {
  const portions: Portion[] = [];
  let begin = 0;
  let octets = 0;
  const end = (at: number): void => {
    if (at > begin) portions.push(new Portion(new Chunk(resources.slice(begin, at), octets)));
    [begin, octets] = [at, 0];
  };
  for (const [at, resource] of resources.entries()) {
    const size = sizeOf(resource);
    if (octets + size > limit) end(at);
    octets += size;
  }
  end(resources.length);
  return portions;
}
