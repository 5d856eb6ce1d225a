import type { Message } from '@bufbuild/protobuf';
import { scopeOf, type MeshProxy, type MeshService, type MeshSnapshot } from '@weft/control-mesh';
import { translate, translateService } from '@weft/control-translate';
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
    member.startOver();
    this.options.queue.enqueue(member);
    return true;
  }

  /** The mesh changed. Proxies that the change does not concern are not looked at again. */
  push(mesh: MeshSnapshot): void {
    const before = this.mesh;
    if (before === mesh) return;
    this.mesh = mesh;
    const changed = before === undefined ? undefined : changeOfEndpoints(before, mesh);
    for (const member of this.members.values()) if (member.isConcerned(changed)) this.options.queue.enqueue(member);
  }

  /** For members: everything anew. */
  translate(member: Member): void {
    const { mesh } = this;
    if (mesh === undefined) return;
    const { cache, secrets } = this.options;
    const { proxy } = member;
    const startMs = this.options.runtime.clock.nowMs();
    const made = translate(mesh, proxy);
    const resources = [...made.clusters, ...made.endpoints, ...made.listeners, ...made.routes].map(encodedOnce);
    const next = replaceAll(cache.get(proxy.id) ?? Snapshot.empty, [...resources, ...secrets(made.secrets)]);
    if (this.isTorn(proxy, next)) return;
    member.services = new Set(scopeOf(mesh, proxy).services);
    cache.set(proxy.id, next);
    this.observe(startMs, 'all');
  }

  /** For members: nothing but the endpoints of these services is different. */
  translateEndpoints(member: Member, services: Iterable<MeshService>): void {
    const { mesh } = this;
    const before = this.options.cache.get(member.proxy.id);
    if (mesh === undefined || before === undefined) return this.translate(member);
    const startMs = this.options.runtime.clock.nowMs();
    const set: Resource[] = [];
    for (const service of services) {
      const { clusters, endpoints } = translateService(mesh, member.proxy, service);
      // What routes do not name it was never told of.
      for (const message of [...clusters, ...endpoints]) {
        const resource = encodedOnce(message);
        const known = before.resources(resource.typeUrl).get(resource.name);
        if (known !== undefined && known.version !== resource.version) set.push(resource);
      }
    }
    this.options.cache.set(member.proxy.id, before.with({ set }));
    this.observe(startMs, 'endpoints');
  }

  private observe(startMs: number, what: 'all' | 'endpoints'): void {
    const { metrics, runtime } = this.options;
    metrics.observe('weft_translation_time', (runtime.clock.nowMs() - startMs) / 1000, { what });
  }

  /** A reference to nothing is a fault of ours; the proxy keeps what it has rather than lose a route. */
  private isTorn(proxy: MeshProxy, next: Snapshot): boolean {
    const [first] = next.consistent(({ typeUrl }) => typeUrl === TYPE_URL.secret);
    if (first === undefined) return false;
    this.options.metrics.count('weft_torn_snapshots');
    this.logger.error(`${proxy.id} keeps its configuration, for the new one is torn: ${formatSnapshotFault(first)}`);
    return true;
  }
}

const encoded = new WeakMap<Message, Resource>();

/** Messages that translation shares between proxies are encoded once. */
function encodedOnce(message: Message): Resource {
  let resource = encoded.get(message);
  if (resource === undefined) encoded.set(message, (resource = encodeResource(message)));
  return resource;
}

/** One proxy, in the queue whenever it is to be told something. */
class Member implements Pushable {
  proxy: MeshProxy;
  streams = 1;
  /** What it was told of. */
  services: ReadonlySet<MeshService> = new Set();
  /** What changed since it was told last: `all`, or the endpoints of these services. */
  private due: 'all' | Set<MeshService> = 'all';
  private readonly pusher: Pusher;

  constructor(proxy: MeshProxy, pusher: Pusher) {
    this.proxy = proxy;
    this.pusher = pusher;
  }

  /** `undefined`: more than endpoints changed. */
  isConcerned(change: EndpointChange | undefined): boolean {
    const own = `${this.proxy.namespace}/${this.proxy.name}`;
    if (change === undefined || change.workloads.has(own) || this.due === 'all') {
      this.due = 'all';
      return true;
    }
    for (const service of change.services) if (this.services.has(service)) this.due.add(service);
    return this.due.size > 0;
  }

  push(): void {
    const { due } = this;
    this.due = new Set();
    if (due === 'all') this.pusher.translate(this);
    else this.pusher.translateEndpoints(this, due);
  }

  /** Its scope grew. */
  startOver(): void {
    this.due = 'all';
  }
}

/** What differs, where nothing but endpoints and workloads does; undefined: more than that. */
interface EndpointChange {
  readonly services: ReadonlySet<MeshService>;
  readonly workloads: ReadonlySet<string>;
}

function changeOfEndpoints(before: MeshSnapshot, after: MeshSnapshot): EndpointChange | undefined {
  if (before.services !== after.services || before.policies !== after.policies || before.config !== after.config)
    return undefined;
  const services = new Set<MeshService>();
  for (const [key, list] of after.endpoints) {
    const service = before.endpoints.get(key) === list ? undefined : after.services.get(key);
    if (service !== undefined) services.add(service);
  }
  const workloads = new Set<string>();
  for (const key of new Set([...before.workloads.keys(), ...after.workloads.keys()]))
    if (before.workloads.get(key) !== after.workloads.get(key)) workloads.add(key);
  return { services, workloads };
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
