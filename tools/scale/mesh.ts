import { Snapshot, SnapshotCache, type Resource } from '@weft/xds-server';
import { testCluster, testEndpoints, testListener, testRoutes } from '@weft/xds-server/testing';

/** How many services, how many proxies, and how many services each proxy has: all of them, or those it dials. */
export interface Scale {
  readonly services: number;
  readonly proxies: number;
  readonly scope: 'all' | number;
  readonly protocol: 'sotw' | 'delta';
}

export const nameOf = (service: number): string =>
  `outbound|8080||service-${String(service)}.default.svc.cluster.local`;
export const proxyId = (proxy: number): string => `sidecar~proxy-${String(proxy)}`;

/** The services of one proxy: neighbours on a ring, so that each service is dialled by equally many. */
export function scopeOf({ services, scope, proxies }: Scale, proxy: number): readonly number[] {
  if (scope === 'all') return Array.from({ length: services }, (_, at) => at);
  const first = Math.floor((proxy * services) / proxies);
  return Array.from({ length: Math.min(scope, services) }, (_, at) => (first + at) % services);
}

/**
 * A mesh whose every service has a cluster, an endpoint and a virtual host behind one outbound listener. Snapshots go into the
 * cache as the control plane's would: one for everybody, or one for each proxy.
 */
export class Mesh {
  readonly cache: SnapshotCache;
  private readonly scale: Scale;
  private readonly snapshots = new Map<string, Snapshot>();
  private readonly dialledBy = new Map<number, string[]>();

  constructor(scale: Scale) {
    this.scale = scale;
    this.cache = new SnapshotCache(scale.scope === 'all' ? (): string => 'all' : ({ id }): string => id);
    const parts = Array.from({ length: scale.services }, (_, at) => [
      testCluster(nameOf(at)),
      testEndpoints(nameOf(at)),
    ]);
    const keys = scale.scope === 'all' ? ['all'] : Array.from({ length: scale.proxies }, (_, at) => proxyId(at));
    for (const [proxy, key] of keys.entries()) this.add(key, scopeOf(scale, proxy), parts);
  }

  /** One endpoint of one service has another port. Gives how many proxies are concerned. */
  change(service: number, port: number): number {
    const set = [testEndpoints(nameOf(service), port)];
    const keys = this.dialledBy.get(service) ?? [];
    for (const key of keys) {
      const next = (this.snapshots.get(key) ?? Snapshot.empty).with({ set });
      this.snapshots.set(key, next);
      this.cache.set(key, next);
    }
    return this.scale.scope === 'all' ? this.scale.proxies : keys.length;
  }

  private add(key: string, services: readonly number[], parts: readonly (readonly Resource[])[]): void {
    const hosts = services.map((at) => [nameOf(at), `service-${String(at)}`] as const);
    const own = [testListener('outbound', '8080'), testRoutes('8080', hosts)];
    const snapshot = Snapshot.of([...services.flatMap((at) => parts[at] ?? []), ...own]);
    this.snapshots.set(key, snapshot);
    this.cache.set(key, snapshot);
    for (const service of services) this.dialledBy.set(service, [...(this.dialledBy.get(service) ?? []), key]);
  }
}
