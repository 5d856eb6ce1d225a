import type { Message } from '@bufbuild/protobuf';
import { asksOnDemand, type MeshProxy, type MeshService, type MeshSnapshot } from '@weft/control-mesh';
import {
  BOOTSTRAP_CLUSTERS,
  clustersAhead,
  INVALID_BACKEND_CLUSTER,
  parseOutboundCluster,
  translateService,
  translateView,
  type ViewResources,
} from '@weft/control-translate';
import { Snapshot, TYPE_URL, type Reference, type Resource, type SnapshotFault } from '@weft/xds-server';
import { messagesOf } from './messages-of.ts';
import type { EndpointChange } from './endpoint-change.ts';
import type { Before, ResourceGuard, Withheld } from './resource-guard.ts';

/** What is made of a view before it is whole. */
interface Ahead {
  readonly mesh: MeshSnapshot;
  readonly clusters: Iterator<readonly Message[]>;
  /** The mesh changed while it was made: all of it in one turn now, or meshes that change often would never be told. */
  readonly isLate: boolean;
  made?: ViewResources;
  checks?: Iterator<void>;
}

/** Whoever keeps views: hears of what proxies are not told. */
export interface ViewOwner {
  readonly guard: ResourceGuard;
  /** What should never be: nothing of the new snapshot is told. */
  torn(whose: string, fault: SnapshotFault): Withheld;
  /** All that is not told, in place of what was said of the view before. */
  withheld(view: SharedView, all: readonly Withheld[]): void;
}

/**
 * What proxies of one view (`viewOf`) are told alike: made once, when the first of them has its turn, and shared by all their
 * snapshots.
 */
export class SharedView {
  readonly key: string;
  /** Stands for all of them. */
  readonly proxy: MeshProxy;
  /** How many proxies have it. */
  members = 0;
  /** The last whole one. */
  snapshot = Snapshot.empty;
  /** False until there was one. */
  isWhole = false;
  secrets: readonly string[] = [];
  private services: ReadonlySet<MeshService> = new Set();
  /** What changed since it was made: `all`, or the endpoints of these services. */
  private due: 'all' | Set<MeshService> = 'all';
  private ahead: Ahead | undefined;
  private withheld: readonly Withheld[] = [];
  private readonly owner: ViewOwner;

  constructor(key: string, proxy: MeshProxy, owner: ViewOwner) {
    this.key = key;
    this.proxy = proxy;
    this.owner = owner;
  }

  /** True when its proxies are to be told something. `undefined`: more than endpoints changed. */
  isConcerned(change: EndpointChange | undefined): boolean {
    if (change === undefined || this.due === 'all') {
      this.due = 'all';
      return true;
    }
    for (const service of change.services) if (this.services.has(service)) this.due.add(service);
    return this.due.size > 0;
  }

  /**
   * Brings it up to the mesh as it is now; costs nothing where that was done. False: there was no time for all of it, and the
   * next call goes on.
   */
  refresh(mesh: MeshSnapshot, hasTime: () => boolean = (): boolean => true): boolean {
    const { due } = this;
    if (due === 'all') return this.refreshAll(mesh, hasTime);
    this.due = new Set();
    if (due.size > 0) this.translateEndpoints(mesh, due);
    return true;
  }

  private refreshAll(mesh: MeshSnapshot, hasTime: () => boolean): boolean {
    // What cannot be translated is not tried again before it changes: until then endpoints do, of what there was before.
    let isDone = true;
    try {
      const made = this.translate(mesh, hasTime);
      isDone = made !== undefined;
      if (made !== undefined) this.take(mesh, made);
      return isDone;
    } finally {
      if (isDone) [this.due, this.ahead] = [new Set(), undefined];
    }
  }

  /** Thousands of services are seconds of work: clusters are made and looked at by and by; then the rest is made and looked at. */
  private translate(mesh: MeshSnapshot, hasTime: () => boolean): ViewResources | undefined {
    if (this.ahead?.mesh !== mesh)
      this.ahead = { mesh, clusters: clustersAhead(mesh, this.proxy), isLate: this.ahead !== undefined };
    const { ahead } = this;
    const goesOn = (): boolean => ahead.isLate || hasTime();
    for (let next = ahead.clusters.next(); next.done !== true; next = ahead.clusters.next()) {
      this.owner.guard.lookAt(next.value);
      if (!goesOn()) return undefined;
    }
    if (ahead.made === undefined) {
      ahead.made = translateView(mesh, this.proxy);
      ahead.checks = this.owner.guard.ahead(messagesOf(ahead.made));
      if (!goesOn()) return undefined;
    }
    while (ahead.checks?.next().done === false) if (!goesOn()) return undefined;
    return ahead.made;
  }

  private take(mesh: MeshSnapshot, made: ViewResources): void {
    const { guard } = this.owner;
    const { resources, withheld } = guard.settle(guard.lookAt(messagesOf(made)), this.before, isElsewhere);
    const next = replaceAll(this.snapshot, resources);
    const asks = asksOnDemand(mesh, this.proxy);
    const [fault] = next.consistent(
      ({ typeUrl, name }) =>
        isElsewhere({ typeUrl, name }) ||
        (asks && typeUrl === TYPE_URL.cluster && parseOutboundCluster(name) !== undefined),
    );
    // A reference to nothing is a fault of ours; proxies keep what they have rather than lose a route.
    if (fault !== undefined) {
      const torn = this.owner.torn(`a view of ${this.members} proxies`, fault);
      this.owner.withheld(this, [...withheld, torn]);
      return;
    }
    this.withheld = withheld;
    this.owner.withheld(this, withheld);
    this.services = made.services;
    this.secrets = made.secrets;
    this.snapshot = next;
    this.isWhole = true;
  }

  private translateEndpoints(mesh: MeshSnapshot, services: Iterable<MeshService>): void {
    const { guard } = this.owner;
    const set: Resource[] = [];
    for (const service of services) {
      const { clusters, endpoints } = translateService(mesh, this.proxy, service);
      const made = guard.lookAt([...clusters, ...endpoints]);
      const { resources, withheld } = guard.settle(made, this.before, () => true);
      this.renew(made, withheld);
      for (const resource of resources) {
        // What routes do not name it was never told of.
        const known = this.snapshot.resources(resource.typeUrl).get(resource.name);
        if (known !== undefined && known.version !== resource.version) set.push(resource);
      }
    }
    this.snapshot = this.snapshot.with({ set });
  }

  private readonly before: Before = (typeUrl, name) => this.snapshot.resources(typeUrl).get(name);

  /** Some resources alone were made anew. */
  private renew(made: readonly Reference[], found: readonly Withheld[]): void {
    if (this.withheld.length === 0 && found.length === 0) return;
    const isMade = (one: Reference): boolean =>
      made.some(({ typeUrl, name }) => typeUrl === one.typeUrl && name === one.name);
    this.withheld = [...this.withheld.filter((one) => !isMade(one)), ...found];
    this.owner.withheld(this, this.withheld);
  }
}

/**
 * No part of what a view or a proxy is told: Secrets are added for each proxy, some clusters are in every bootstrap, and one is
 * nowhere on purpose.
 */
export function isElsewhere({ typeUrl, name }: Reference): boolean {
  if (typeUrl !== TYPE_URL.cluster) return typeUrl === TYPE_URL.secret;
  return name === INVALID_BACKEND_CLUSTER || BOOTSTRAP_CLUSTERS.has(name);
}

/** The same snapshot where nothing changed; resources that stayed are shared. */
function replaceAll(before: Snapshot, resources: readonly Resource[]): Snapshot {
  const wanted = new Map<string, Set<string>>();
  const set: Resource[] = [];
  for (const resource of resources) {
    const { typeUrl, name, version } = resource;
    let names = wanted.get(typeUrl);
    if (names === undefined) wanted.set(typeUrl, (names = new Set()));
    names.add(name);
    if (before.resources(typeUrl).get(name)?.version !== version) set.push(resource);
  }
  const remove: Reference[] = [];
  for (const typeUrl of before.types)
    for (const { name } of before.resources(typeUrl).values())
      if (wanted.get(typeUrl)?.has(name) !== true) remove.push({ typeUrl, name });
  return before.with({ set, remove });
}
