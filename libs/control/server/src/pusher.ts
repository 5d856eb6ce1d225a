import { scopeOf, type MeshProxy, type MeshSnapshot } from '@weft/control-mesh';
import { translate } from '@weft/control-translate';
import type { Logger, Runtime } from '@weft/core-runtime';
import {
  encodeResource,
  formatSnapshotFault,
  Resource,
  Snapshot,
  TYPE_URL,
  type Pushable,
  type PushQueue,
  type Reference,
  type SnapshotCache,
  type XdsNode,
} from '@weft/xds-server';
import type { ControlPlaneMetrics } from './metrics.ts';
import { proxyOfNode } from './proxy-of-node.ts';

export interface PusherOptions {
  readonly runtime: Runtime;
  readonly cache: SnapshotCache;
  readonly queue: PushQueue;
  readonly metrics: ControlPlaneMetrics;
  /** Secrets that documents hold, by the names that resources use. */
  readonly secrets: (names: readonly string[]) => readonly Resource[];
}

/** Turns the mesh into a snapshot for each proxy that is connected, whenever one of them changes. */
export class Pusher {
  private readonly options: PusherOptions;
  private readonly logger: Logger;
  private readonly members = new Map<string, Member>();
  private mesh: MeshSnapshot | undefined;

  constructor(options: PusherOptions) {
    this.options = options;
    this.logger = options.runtime.loggers.get('push');
  }

  /** Every proxy that is connected. */
  get proxies(): readonly MeshProxy[] {
    return [...this.members.values()].map(({ proxy }) => proxy);
  }

  /** The proxy of a node id; undefined where it is not connected. */
  proxy(id: string): MeshProxy | undefined {
    return this.members.get(id)?.proxy;
  }

  /** A proxy opened a stream; it may have several. */
  connected(node: XdsNode): void {
    const proxy = proxyOfNode(node);
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
      return;
    }
    const member = new Member(proxy, this);
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
    this.options.queue.remove(member);
    this.options.cache.clear(id);
  }

  /** A proxy asked for services that it was not told of: they are added to what it is told. */
  dialled(id: string, hosts: readonly string[]): boolean {
    const member = this.members.get(id);
    if (member === undefined) return false;
    const fresh = hosts.filter((host) => !member.proxy.dialled.includes(host));
    if (fresh.length === 0) return false;
    member.proxy = { ...member.proxy, dialled: [...member.proxy.dialled, ...fresh] };
    this.options.queue.enqueue(member);
    return true;
  }

  /** The mesh changed. Proxies that the change does not concern are not looked at again. */
  push(mesh: MeshSnapshot): void {
    const before = this.mesh;
    if (before === mesh) return;
    this.mesh = mesh;
    const changed = before === undefined ? undefined : changedServices(before, mesh);
    for (const member of this.members.values())
      if (changed === undefined || concerns(changed, member, mesh)) this.options.queue.enqueue(member);
  }

  /** For members. */
  translate(member: Member): void {
    const { mesh } = this;
    if (mesh === undefined) return;
    const { cache, metrics, runtime, secrets } = this.options;
    const { proxy } = member;
    const startMs = runtime.clock.nowMs();
    const made = translate(mesh, proxy);
    const resources = [...made.clusters, ...made.endpoints, ...made.listeners, ...made.routes].map(encodeResource);
    const next = replaceAll(cache.get(proxy.id) ?? Snapshot.empty, [...resources, ...secrets(made.secrets)]);
    const faults = next.consistent(({ typeUrl }) => typeUrl === TYPE_URL.secret);
    // A reference to nothing is a fault of ours; the proxy keeps what it has rather than lose a route.
    if (faults.length > 0) {
      metrics.count('weft_inconsistent_snapshots', {});
      const [first] = faults;
      if (first !== undefined)
        this.logger.error(
          `${proxy.id} keeps its configuration, for the new one is torn: ${formatSnapshotFault(first)}`,
        );
      return;
    }
    member.services = new Set(scopeOf(mesh, proxy).services);
    cache.set(proxy.id, next);
    metrics.observe('weft_translation_time', (runtime.clock.nowMs() - startMs) / 1000);
  }
}

/** One proxy, in the queue whenever it is to be told something. */
class Member implements Pushable {
  proxy: MeshProxy;
  streams = 1;
  services: ReadonlySet<unknown> = new Set();
  private readonly pusher: Pusher;

  constructor(proxy: MeshProxy, pusher: Pusher) {
    this.proxy = proxy;
    this.pusher = pusher;
  }

  push(): void {
    this.pusher.translate(this);
  }
}

/** What of the mesh differs, where nothing but endpoints and workloads does; undefined: more than that. */
function changedServices(before: MeshSnapshot, after: MeshSnapshot): Change | undefined {
  if (before.services !== after.services || before.policies !== after.policies || before.config !== after.config)
    return undefined;
  const services = new Set<unknown>();
  for (const [key, list] of after.endpoints)
    if (before.endpoints.get(key) !== list) services.add(after.services.get(key));
  const workloads = new Set<string>();
  for (const key of new Set([...before.workloads.keys(), ...after.workloads.keys()]))
    if (before.workloads.get(key) !== after.workloads.get(key)) workloads.add(key);
  return { services, workloads };
}

interface Change {
  readonly services: ReadonlySet<unknown>;
  readonly workloads: ReadonlySet<string>;
}

function concerns({ services, workloads }: Change, { proxy, services: scope }: Member, mesh: MeshSnapshot): boolean {
  if (workloads.has(`${proxy.namespace}/${proxy.name}`)) return true;
  if (scope.size === 0) return scopeOf(mesh, proxy).services.some((service) => services.has(service));
  for (const service of services) if (scope.has(service)) return true;
  return false;
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
