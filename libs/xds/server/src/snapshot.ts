import { wordOf, type Reference } from './references.ts';
import { ResourceMap } from './resource-map.ts';
import type { Resource } from './resource.ts';

/** All resources of one type, by name. */
export type ResourceSet = ResourceMap<Resource>;

export interface SnapshotChange {
  readonly set?: Iterable<Resource>;
  readonly remove?: Iterable<Reference>;
}

/** A resource that another one names and that is not there. */
export interface SnapshotFault {
  readonly typeUrl: string;
  readonly name: string;
  /** Whoever names it. */
  readonly namedBy: Reference;
}

const EMPTY: ResourceSet = ResourceMap.empty<Resource>();

/** Everything that the proxies of one group should have. Never edited: `with` makes the next one and shares what stays. */
export class Snapshot {
  static readonly empty = new Snapshot(new Map());
  private readonly sets: ReadonlyMap<string, ResourceSet>;

  private constructor(sets: ReadonlyMap<string, ResourceSet>) {
    this.sets = sets;
  }

  static of(resources: Iterable<Resource>): Snapshot {
    return Snapshot.empty.with({ set: resources });
  }

  get types(): Iterable<string> {
    return this.sets.keys();
  }

  resources(typeUrl: string): ResourceSet {
    return this.sets.get(typeUrl) ?? EMPTY;
  }

  /** The next snapshot; this one when nothing changes. Costs what changes. */
  with({ set = [], remove = [] }: SnapshotChange): Snapshot {
    const byType = new Map<string, { set: Resource[]; remove: string[] }>();
    const of = (typeUrl: string): { set: Resource[]; remove: string[] } => {
      let change = byType.get(typeUrl);
      if (change === undefined) byType.set(typeUrl, (change = { set: [], remove: [] }));
      return change;
    };
    for (const { typeUrl, name } of remove) of(typeUrl).remove.push(name);
    for (const resource of set) of(resource.typeUrl).set.push(resource);
    const sets = new Map(this.sets);
    let changed = false;
    for (const [typeUrl, change] of byType) {
      const before = this.resources(typeUrl);
      const after = before.with(change.set, change.remove);
      changed ||= after !== before;
      sets.set(typeUrl, after);
    }
    return changed ? new Snapshot(sets) : this;
  }

  /** This snapshot with what one proxy has of its own: `own`, but for what is here. Costs what `own` costs. */
  over(own: Iterable<Resource>): Snapshot {
    const sets = new Map(this.sets);
    for (const [typeUrl, list] of Map.groupBy(own, (resource) => resource.typeUrl))
      sets.set(typeUrl, ResourceMap.over(this.resources(typeUrl), list));
    return new Snapshot(sets);
  }

  /**
   * What resources name and the snapshot lacks; nothing when it is consistent. `elsewhere` names what proxies have from
   * another source: clusters of their bootstrap, secrets of their own.
   */
  consistent(elsewhere: (reference: Reference) => boolean = () => false): readonly SnapshotFault[] {
    const faults: SnapshotFault[] = [];
    for (const [typeUrl, set] of this.sets)
      for (const { name, references } of set.values())
        for (const reference of references)
          if (!this.resources(reference.typeUrl).has(reference.name) && !elsewhere(reference))
            faults.push({ ...reference, namedBy: { typeUrl, name } });
    return faults;
  }
}

/** `the cluster "reviews" is not there; the route "8080" names it` */
export function formatSnapshotFault({ typeUrl, name, namedBy }: SnapshotFault): string {
  return `the ${wordOf(typeUrl)} "${name}" is not there; the ${wordOf(namedBy.typeUrl)} "${namedBy.name}" names it`;
}
