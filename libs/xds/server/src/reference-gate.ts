import type { Gate } from './pending.ts';
import type { Reference } from './references.ts';
import type { Versioned } from './resource-map.ts';
import { Resource } from './resource.ts';
import { partOfRoutes } from './route-parts.ts';
import type { Snapshot } from './snapshot.ts';
import type { Subscription } from './subscription.ts';
import { TYPE_URL } from './type-urls.ts';

/** Whatever names clusters. */
const NAMING_TYPES: readonly string[] = [TYPE_URL.listener, TYPE_URL.scopedRoute, TYPE_URL.route, TYPE_URL.virtualHost];

/**
 * What one proxy can do without clusters that it refused: listeners and routes that name one which the proxy does not have are
 * held back, for it alone, and clusters that its present ones name stay. Of routes only the virtual hosts that name one are. A
 * listener whose new routes are held back would wait for them, or serve without: it is held back too.
 */
export class ReferenceGate implements Gate {
  private readonly subscriptions: ReadonlyMap<string, Subscription>;
  private snapshot: Snapshot | undefined;

  constructor(subscriptions: ReadonlyMap<string, Subscription>) {
    this.subscriptions = subscriptions;
  }

  aim(snapshot: Snapshot): void {
    this.snapshot = snapshot;
  }

  /** Proxies that name their clusters ask for them after their routes came: from these nothing is held back. */
  get closed(): boolean {
    const clusters = this.subscriptions.get(TYPE_URL.cluster);
    return clusters?.wildcard === true && !clusters.refusesNothing;
  }

  lacks({ typeUrl, name, references }: Resource): readonly Reference[] {
    if (!NAMING_TYPES.includes(typeUrl)) return [];
    // A request waits for a virtual host that is new: it had better fail than wait on.
    if (typeUrl === TYPE_URL.virtualHost && this.subscriptions.get(typeUrl)?.has(name) !== true) return [];
    return references.filter((reference) => this.isLacking(reference));
  }

  part(resource: Resource, had: Versioned | undefined): Resource | undefined {
    // Of what the proxy has from an earlier stream nobody knows what would be lost, nor which clusters are left.
    const clusters = this.subscriptions.get(TYPE_URL.cluster);
    if (clusters?.cameBack === true && !isComplete(had, clusters)) return undefined;
    if (had === undefined && this.subscriptions.get(resource.typeUrl)?.cameBack === true) return undefined;
    if (had !== undefined && !(had instanceof Resource)) return undefined;
    return partOfRoutes(resource, had, this.lacks(resource));
  }

  /** The clusters that what the proxy has names, and what it may have of what it refused; undefined: nobody knows them all. */
  clustersInUse(): ReadonlySet<string> | undefined {
    const inUse = new Set<string>();
    for (const typeUrl of NAMING_TYPES) {
      const subscription = this.subscriptions.get(typeUrl);
      if (subscription === undefined) continue;
      if (subscription.isBlind) return undefined;
      for (const one of subscription.known.values()) {
        const same = subscription.target?.get(one.name);
        const had = one instanceof Resource ? one : same?.version === one.version ? same : undefined;
        if (had === undefined) return undefined;
        addClusters(inUse, had);
      }
      for (const one of subscription.possible) addClusters(inUse, one);
    }
    return inUse;
  }

  private isLacking({ typeUrl, name }: Reference): boolean {
    if (typeUrl === TYPE_URL.cluster) return this.isLackingCluster(name);
    if (typeUrl !== TYPE_URL.route || this.subscriptions.get(TYPE_URL.route)?.has(name) === true) return false;
    const route = this.snapshot?.resources(TYPE_URL.route).get(name);
    if (route === undefined || this.lacks(route).length === 0) return false;
    return this.part(route, undefined) === undefined;
  }

  private isLackingCluster(name: string): boolean {
    const clusters = this.subscriptions.get(TYPE_URL.cluster);
    const wanted = clusters?.target?.get(name);
    // What the snapshot lacks the proxy has from elsewhere.
    if (clusters === undefined || wanted === undefined || clusters.has(name)) return false;
    // A proxy that came back may have it. Whoever takes its endpoints does.
    const endpoints = wanted.references.filter((reference) => reference.typeUrl === TYPE_URL.endpoint);
    const known = this.subscriptions.get(TYPE_URL.endpoint);
    return !(clusters.isBlind && endpoints.length > 0 && endpoints.every((one) => known?.has(one.name) === true));
  }
}

/** The proxy has all that it names, as far as it acknowledged. */
function isComplete(had: Versioned | undefined, clusters: Subscription): boolean {
  if (!(had instanceof Resource) || clusters.isBlind) return had === undefined && !clusters.isBlind;
  return had.references.every(({ typeUrl, name }) => typeUrl !== TYPE_URL.cluster || clusters.has(name));
}

function addClusters(set: Set<string>, { references }: Resource): void {
  for (const { typeUrl, name } of references) if (typeUrl === TYPE_URL.cluster) set.add(name);
}
