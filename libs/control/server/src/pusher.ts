import {
  findService,
  viewKey,
  viewOf,
  workloadKey,
  type MeshProxy,
  type MeshService,
  type MeshSnapshot,
} from '@weft/control-mesh';
import { translateOwn, type ViewResources } from '@weft/control-translate';
import type { Logger, Runtime } from '@weft/core-runtime';
import {
  formatSnapshotFault,
  Snapshot,
  type Pushable,
  type PushQueue,
  type Resource,
  type SnapshotCache,
  type SnapshotFault,
  type XdsNode,
} from '@weft/xds-server';
import type { ConnectedProxy } from './admission.ts';
import { messagesOf } from './messages-of.ts';
import { changeOfEndpoints, type EndpointChange } from './endpoint-change.ts';
import type { ControlPlaneMetrics } from './metrics.ts';
import { proxyOfNode } from './proxy-of-node.ts';
import { ResourceGuard, type Withheld } from './resource-guard.ts';
import { isElsewhere, SharedView, type ViewOwner } from './shared-view.ts';
import { WithheldLedger } from './withheld-ledger.ts';

export interface PusherOptions {
  readonly runtime: Runtime;
  readonly cache: SnapshotCache;
  readonly queue: PushQueue;
  readonly metrics: ControlPlaneMetrics;
  /** Secrets that documents hold, by the names that resources use, for a proxy of the namespace. */
  readonly secrets: (names: readonly string[], namespace: string) => readonly Resource[];
}

/** How long one proxy's turn works on what is made for many, in milliseconds. */
const SLICE_MS = 20;

/**
 * Turns the mesh into a snapshot for each proxy that is connected, whenever one of them changes. What proxies have in common is
 * made once for all of them (`SharedView`): a snapshot is that and what the proxy has of its own.
 */
export class Pusher implements ViewOwner {
  private readonly options: PusherOptions;
  private readonly logger: Logger;
  private readonly members = new Map<string, Member>();
  private readonly views = new Map<string, SharedView>();
  private readonly ledger: WithheldLedger;
  /** For members and views. */
  readonly guard = new ResourceGuard();
  private mesh: MeshSnapshot | undefined;

  constructor(options: PusherOptions) {
    this.options = options;
    this.logger = options.runtime.loggers.get('push');
    this.ledger = new WithheldLedger(this.logger, options.metrics);
  }

  /** Every proxy that is connected. */
  get proxies(): readonly MeshProxy[] {
    return [...this.members.values()].map(({ proxy }) => proxy);
  }

  /** The proxy of a node id; undefined where it is not connected. */
  proxy(id: string): MeshProxy | undefined {
    return this.members.get(id)?.proxy;
  }

  /** What a proxy is not told as the documents say. */
  withheldFrom(id: string): readonly Withheld[] {
    const member = this.members.get(id);
    return [...this.ledger.of(member?.view), ...this.ledger.of(member)];
  }

  /** The same, with what its connection proves. */
  connection(id: string): ConnectedProxy | undefined {
    const member = this.members.get(id);
    return member === undefined ? undefined : { ...member.proxy, certified: member.certified };
  }

  /**
   * A proxy opened a stream; it may have several. `certified`: its caller showed a certificate, and what the node says of itself
   * takes the place of what a caller without one said. `onDemand`: it can ask for clusters by name.
   */
  connected(node: XdsNode, certified = false, onDemand = false): void {
    const proxy = proxyOfNode(node, onDemand);
    if (proxy === undefined) {
      this.logger.warning(
        `A proxy calls itself "${node.id}": it gets nothing, since nobody can tell what it is. ` +
          'Give it an id of the form sidecar~ADDRESS~NAME.NAMESPACE~DOMAIN, or router~… for a gateway.',
      );
      return;
    }
    const known = this.members.get(node.id);
    if (known !== undefined) {
      known.streams += 1;
      if (certified && !known.certified) this.prove(known, proxy);
      return;
    }
    if (proxy.role === 'waypoint')
      this.logger.warning(
        `${node.id} is a waypoint: it gets no listeners, since nobody sends traffic to waypoints here yet (ambient mode). ` +
          'Give workloads sidecars instead; policies hold there.',
      );
    const member = new Member(proxy, this);
    member.certified = certified;
    this.members.set(node.id, member);
    // Before it asks for anything: the first answer is whole.
    member.push();
  }

  disconnected({ id }: XdsNode): void {
    const member = this.members.get(id);
    if (member === undefined) return;
    member.streams -= 1;
    if (member.streams > 0) return;
    this.members.delete(id);
    this.leave(member.view);
    this.ledger.set(member, []);
    this.options.queue.remove(member);
    this.options.cache.clear(id);
  }

  /** What it was told so far was made for somebody who proved nothing. */
  private prove(member: Member, proxy: MeshProxy): void {
    member.certified = true;
    member.become(proxy);
    member.push();
  }

  /**
   * A proxy asked for services that it was not told of: they are in its snapshot when this returns, since somebody waits. False:
   * there are none of these.
   */
  dialled(id: string, hosts: readonly string[]): boolean {
    const { mesh } = this;
    const member = this.members.get(id);
    if (mesh === undefined || member === undefined) return false;
    const { dialled, namespace } = member.proxy;
    const known = hosts.filter((host) => findService(mesh, host, namespace) !== undefined);
    const fresh = known.filter((host) => !dialled.includes(host));
    if (fresh.length > 0) {
      member.proxy = { ...member.proxy, dialled: [...dialled, ...new Set(fresh)] };
      member.startOver();
      member.push();
    }
    return known.length > 0;
  }

  /**
   * The mesh changed, or the secrets of the same mesh may have. Proxies that the change does not concern are not looked at
   * again.
   */
  push(mesh: MeshSnapshot): void {
    const before = this.mesh;
    this.mesh = mesh;
    const { queue } = this.options;
    if (before === mesh) {
      for (const member of this.members.values()) if (member.hasSecrets) queue.enqueue(member);
      return;
    }
    const change = before === undefined ? undefined : changeOfEndpoints(before, mesh);
    const concerned = new Set<SharedView>();
    for (const view of this.views.values()) if (view.isConcerned(change)) concerned.add(view);
    for (const member of this.members.values()) {
      const own = change === undefined || member.isConcerned(change);
      if (own) member.startOver();
      if (own || member.view === undefined || concerned.has(member.view)) queue.enqueue(member);
    }
  }

  /** For members: a sidecar with the labels that its workload has by WorkloadEntry or WorkloadGroup beside its own. */
  labelled(proxy: MeshProxy, own: MeshProxy['labels']): MeshProxy {
    const workload = proxy.role === 'sidecar' ? this.mesh?.workloads.get(workloadKey(proxy)) : undefined;
    const labels = { ...workload?.labels, ...own };
    const isKnown = Object.entries(labels).every(([key, value]) => proxy.labels[key] === value);
    return isKnown && Object.keys(proxy.labels).length === Object.keys(labels).length ? proxy : { ...proxy, labels };
  }

  /** For members: the view that a proxy has now, which takes the place of the one before. */
  viewFor(proxy: MeshProxy, before: SharedView | undefined): SharedView | undefined {
    if (this.mesh === undefined) return undefined;
    const stands = viewOf(this.mesh, proxy);
    const key = viewKey(stands);
    if (before?.key === key) return before;
    this.leave(before);
    let view = this.views.get(key);
    if (view === undefined) this.views.set(key, (view = new SharedView(key, stands, this)));
    view.members += 1;
    return view;
  }

  /** For members: the mesh's newest state becomes the proxy's snapshot, if it is another. False: that takes another turn. */
  tell(member: Member, startOver: boolean): boolean {
    const { mesh } = this;
    const { metrics, runtime } = this.options;
    const startMs = runtime.clock.nowMs();
    if (mesh === undefined || member.view === undefined) return true;
    const { view } = member;
    if (!view.refresh(mesh, () => runtime.clock.nowMs() < startMs + SLICE_MS)) {
      this.options.queue.enqueue(member);
      return false;
    }
    if (!view.isWhole || !this.tellOwn(mesh, member, startOver)) return true;
    const what = startOver ? 'all' : 'endpoints';
    metrics.observe('weft_translation_time', (runtime.clock.nowMs() - startMs) / 1000, { what });
    return true;
  }

  /** False: it is told nothing new. */
  private tellOwn(mesh: MeshSnapshot, member: Member, startOver: boolean): boolean {
    const { cache, secrets } = this.options;
    if (startOver) {
      const made = translateOwn(mesh, member.proxy);
      const settled = this.guard.settle(
        this.guard.lookAt(messagesOf(made)),
        (typeUrl, name) => member.ownBefore(typeUrl, name),
        (to) => isElsewhere(to) || member.view?.snapshot.resources(to.typeUrl).has(to.name) === true,
      );
      member.keep(settled.resources, made);
      this.ledger.set(member, settled.withheld);
    }
    const names = member.secretNames;
    const next = member.assemble(names.length === 0 ? [] : secrets(names, member.proxy.namespace));
    if (next === undefined) return false;
    const [fault] = faultsOf(next, member.own);
    if (fault !== undefined) {
      this.ledger.set(member, [...this.ledger.of(member), this.torn(member.proxy.id, fault)]);
      return false;
    }
    member.told = next;
    cache.set(member.proxy.id, next);
    return true;
  }

  torn(whose: string, fault: SnapshotFault): Withheld {
    this.options.metrics.count('weft_torn_snapshots');
    this.logger.error(`${whose} keeps its configuration, for the new one is torn: ${formatSnapshotFault(fault)}`);
    return everything(`is torn: ${formatSnapshotFault(fault)}`);
  }

  withheld(view: SharedView, all: readonly Withheld[]): void {
    this.ledger.set(view, all);
  }

  failed(whose: string, error: Error): Withheld {
    this.options.metrics.count('weft_failed_translations');
    this.logger.error(
      `${whose} keeps its configuration, for the new one cannot be made: ${error.stack ?? error.message}`,
    );
    return everything(`cannot be made: ${error.message}`);
  }

  /** For members: nothing new is told. */
  stuck(member: Member, withheld: Withheld): void {
    this.ledger.set(member, [withheld]);
  }

  private leave(view: SharedView | undefined): void {
    if (view === undefined) return;
    view.members -= 1;
    if (view.members > 0) return;
    this.views.delete(view.key);
    this.ledger.set(view, []);
  }
}

/** One proxy, in the queue whenever it is to be told something. */
class Member implements Pushable {
  proxy: MeshProxy;
  streams = 1;
  certified = false;
  view: SharedView | undefined;
  /** What it has beside its view. */
  own: readonly Resource[] = [];
  /** What it was told last. */
  told: Snapshot | undefined;
  /** `namespace/name`, as in `MeshSnapshot.workloads`. */
  workload: string;
  /** What its node says. */
  private ownLabels: MeshProxy['labels'];
  private ownSecrets: readonly string[] = [];
  private dialled: ReadonlySet<MeshService> = new Set();
  private isNew = true;
  /** What `assemble` put together last. */
  private last: { readonly shared: Snapshot; readonly extra: readonly Resource[] } | undefined;
  private readonly pusher: Pusher;

  constructor(proxy: MeshProxy, pusher: Pusher) {
    this.proxy = proxy;
    this.ownLabels = proxy.labels;
    this.workload = workloadKey(proxy);
    this.pusher = pusher;
  }

  get secretNames(): readonly string[] {
    return [...new Set([...(this.view?.secrets ?? []), ...this.ownSecrets])];
  }

  get hasSecrets(): boolean {
    return this.ownSecrets.length > 0 || (this.view?.secrets.length ?? 0) > 0;
  }

  /** More changed than endpoints, or its scope grew. */
  startOver(): void {
    this.isNew = true;
  }

  become(proxy: MeshProxy): void {
    this.proxy = proxy;
    this.ownLabels = proxy.labels;
    this.workload = workloadKey(proxy);
    this.startOver();
  }

  push(): void {
    const { isNew } = this;
    this.isNew = false;
    try {
      if (isNew) {
        this.proxy = this.pusher.labelled(this.proxy, this.ownLabels);
        this.view = this.pusher.viewFor(this.proxy, this.view);
      }
      if (!this.pusher.tell(this, isNew)) this.isNew = isNew;
    } catch (error) {
      // What one proxy's configuration does to the translation must not be the end of all others'.
      this.isNew = true;
      this.pusher.stuck(this, this.pusher.failed(this.proxy.id, error as Error));
    }
  }

  /** What it had of its own. */
  ownBefore(typeUrl: string, name: string): Resource | undefined {
    return this.own.find((resource) => resource.typeUrl === typeUrl && resource.name === name);
  }

  /** What it has of its own. */
  keep(own: readonly Resource[], { secrets, services }: Pick<ViewResources, 'secrets' | 'services'>): void {
    if (!isSame(own, this.own)) this.own = own;
    this.ownSecrets = secrets;
    this.dialled = services;
  }

  /** What it has of its own may change: its workload did, or the endpoints of what it called. */
  isConcerned({ workloads, services }: EndpointChange): boolean {
    if (workloads.has(this.workload)) return true;
    for (const service of services) if (this.dialled.has(service)) return true;
    return false;
  }

  /** Its next snapshot; undefined when it is the same as before. */
  assemble(secrets: readonly Resource[]): Snapshot | undefined {
    const shared = this.view?.snapshot ?? Snapshot.empty;
    const extra = [...this.own, ...secrets];
    if (this.told !== undefined && this.last?.shared === shared && isSame(this.last.extra, extra)) return undefined;
    this.last = { shared, extra };
    return shared.over(extra);
  }
}

/** Nothing of it is told. */
function everything(message: string): Withheld {
  return { typeUrl: '', name: '', path: '', message, outcome: 'It keeps what it has.', documents: [] };
}

function isSame(a: readonly Resource[], b: readonly Resource[]): boolean {
  return (
    a.length === b.length && a.every(({ typeUrl, version }, i) => b[i]?.version === version && b[i].typeUrl === typeUrl)
  );
}

/** What these resources name and the snapshot lacks. */
function faultsOf(snapshot: Snapshot, resources: readonly Resource[]): SnapshotFault[] {
  return resources.flatMap(({ typeUrl, name, references }) =>
    references
      .filter((to) => !isElsewhere(to) && !snapshot.resources(to.typeUrl).has(to.name))
      .map((to) => ({ ...to, namedBy: { typeUrl, name } })),
  );
}
