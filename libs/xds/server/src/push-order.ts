import type { Gate, Outstanding, Removals } from './pending.ts';
import type { Chunk } from './portion.ts';
import { ReferenceGate } from './reference-gate.ts';
import type { Resource } from './resource.ts';
import type { ResourceSet, Snapshot } from './snapshot.ts';
import type { Subscription } from './subscription.ts';
import { TYPE_URL } from './type-urls.ts';

/** The order in which the types of one stream are looked at. */
export const TYPE_ORDER: readonly string[] = [
  TYPE_URL.cluster,
  TYPE_URL.endpoint,
  TYPE_URL.listener,
  TYPE_URL.scopedRoute,
  TYPE_URL.route,
  TYPE_URL.virtualHost,
];

/**
 * Make before break on one stream: clusters, then their endpoints, listeners, routes, the latter two when all before are
 * acknowledged; what became stale goes last, when no route or listener names it any more.
 *
 *     CDS (new and stale), EDS -- both ACK --> LDS -- ACK --> RDS -- ACK --> CDS (new) -- ACK --> EDS removals
 *
 * A refusal opens the way for what comes next, since one bad cluster must not stop every route, but for what names a cluster that
 * the proxy does not have (`ReferenceGate`), and keeps what the proxy still works with. What was refused goes again when all else
 * is done. Clients that name their clusters (gRPC libraries) go from listener to endpoint and set the order
 * themselves: for them nothing waits but removals.
 */
export class PushOrder {
  private readonly subscriptions: ReadonlyMap<string, Subscription>;
  /** Endpoints of clusters that were sent and that the proxy does not use before these come. */
  private readonly awaited = new Set<string>();
  /** Those of them that are awaited since the last response with clusters, until it is answered. */
  private readonly awaitedLast = new Set<string>();
  private readonly references: ReferenceGate;
  /** The proxy has clusters from an earlier stream, and may not have said yet what it has besides. */
  isReturning = false;
  private endpoints: ResourceSet | undefined;

  constructor(subscriptions: ReadonlyMap<string, Subscription>) {
    this.subscriptions = subscriptions;
    this.references = new ReferenceGate(subscriptions);
  }

  /** What holds listeners and routes back. */
  get gate(): Gate {
    return this.references;
  }

  /** May a response of the type go out now? */
  open(typeUrl: string): boolean {
    const at = TYPE_ORDER.indexOf(typeUrl);
    // Endpoints go whenever they are asked for: a proxy that asks has the cluster, and Envoy acknowledges clusters only once their
    // endpoints came.
    if (at <= 1 || this.subscriptions.get(TYPE_URL.cluster)?.wildcard !== true) return true;
    for (const earlier of TYPE_ORDER.slice(0, at))
      if (this.subscriptions.get(earlier)?.outstanding !== undefined) return false;
    return !this.awaitsEndpoints;
  }

  /** May what is stale of the type be removed now? */
  removals(typeUrl: string): Removals {
    const isCluster = typeUrl === TYPE_URL.cluster;
    if (!(isCluster || typeUrl === TYPE_URL.endpoint || typeUrl === TYPE_URL.secret))
      return typeUrl !== TYPE_URL.route || this.settled(TYPE_URL.listener);
    if ((isCluster && this.awaitsEndpoints) || this.awaitsNames) return false;
    if (NAMING.every((one) => this.settled(one)))
      return isCluster || this.subscriptions.get(TYPE_URL.cluster)?.settled(true) !== false;
    return isCluster && NAMING.every((one) => this.idle(one)) ? this.unused() : false;
  }

  /** A response went out. */
  onSent(typeUrl: string, { changed, portion }: Outstanding): void {
    if (typeUrl === TYPE_URL.listener) this.expectRepeat(TYPE_URL.route);
    if (typeUrl !== TYPE_URL.cluster) return;
    const named = [this.namedBy(portion?.own ?? changed)];
    if (portion?.shared !== undefined) named.push(this.namedByChunk(portion.shared));
    this.awaitedLast.clear();
    for (const { there } of named)
      for (const name of there)
        if (!this.awaited.has(name)) {
          this.awaited.add(name);
          this.awaitedLast.add(name);
        }
    // A cluster that changed is built anew and waits for endpoints that the proxy may have from us already.
    this.expectRepeat(TYPE_URL.endpoint);
    for (const { all } of named) this.subscriptions.get(TYPE_URL.endpoint)?.force(all);
  }

  /** A response was acknowledged or refused. */
  onAnswered(typeUrl: string, { changed, removed }: Outstanding, refused: boolean): void {
    if (typeUrl === TYPE_URL.cluster) {
      if (refused) for (const name of this.awaitedLast) this.awaited.delete(name);
      this.awaitedLast.clear();
    }
    if (typeUrl !== TYPE_URL.endpoint) return;
    if (this.awaited.size === 0) return;
    for (const { name } of changed) this.awaited.delete(name);
    for (const name of removed) this.awaited.delete(name);
  }

  private get awaitsNames(): boolean {
    const { subscriptions } = this;
    return this.isReturning && !(subscriptions.has(TYPE_URL.listener) && subscriptions.has(TYPE_URL.route));
  }

  /** True while routes wait for endpoints that the proxy has not acknowledged. */
  get awaitsEndpoints(): boolean {
    return this.awaited.size > 0;
  }

  /** What is wanted now. Endpoints that there are none of any more are not waited for. */
  aim(snapshot: Snapshot): void {
    this.endpoints = snapshot.resources(TYPE_URL.endpoint);
    this.references.aim(snapshot);
    for (const name of this.awaited) if (!this.endpoints.has(name)) this.awaited.delete(name);
  }

  /** The proxy does not ask for the endpoints of its clusters: it gets along without. */
  giveUpEndpoints(): void {
    this.awaited.clear();
  }

  private namedBy(clusters: readonly Resource[]): NamedEndpoints {
    const { endpoints } = this;
    const all: string[] = [];
    for (const { references } of clusters)
      for (const { typeUrl, name } of references) if (typeUrl === TYPE_URL.endpoint) all.push(name);
    return { all, endpoints, there: all.flatMap((name) => endpoints?.get(name)?.name ?? []) };
  }

  /** Looked for once for all proxies that are sent the same clusters and are to have the same endpoints. */
  private namedByChunk(chunk: Chunk): NamedEndpoints {
    let known = namedByChunks.get(chunk);
    if (known === undefined || known.endpoints !== this.endpoints)
      namedByChunks.set(chunk, (known = this.namedBy(chunk.resources)));
    return known;
  }

  private expectRepeat(typeUrl: string): void {
    const subscription = this.subscriptions.get(typeUrl);
    if (subscription !== undefined) subscription.answerRepeat = true;
  }

  private settled(typeUrl: string): boolean {
    // A listener that goes takes its routes along: until it has gone they are in use.
    return this.subscriptions.get(typeUrl)?.settled(typeUrl === TYPE_URL.listener) !== false;
  }

  private idle(typeUrl: string): boolean {
    return this.subscriptions.get(typeUrl)?.idle(typeUrl === TYPE_URL.listener) !== false;
  }

  /** Something is refused or held back: the clusters go that what the proxy has does not name. */
  private unused(): Removals {
    let inUse: ReadonlySet<string> | undefined | 'not looked for' = 'not looked for';
    return (name) => {
      if (inUse === 'not looked for') inUse = this.references.clustersInUse();
      return inUse?.has(name) === false;
    };
  }
}

/** Until these are done with, what they may name stays. */
const NAMING: readonly string[] = [TYPE_URL.listener, TYPE_URL.scopedRoute, TYPE_URL.route, TYPE_URL.virtualHost];

/** The endpoints that clusters name. */
interface NamedEndpoints {
  readonly all: readonly string[];
  /** Those that there are in `endpoints`. */
  readonly there: readonly string[];
  readonly endpoints: ResourceSet | undefined;
}

const namedByChunks = new WeakMap<Chunk, NamedEndpoints>();
