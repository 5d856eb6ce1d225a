import type { Clock } from '@weft/core-runtime';
import type { ClusterLoad, Drops, EndpointLoad, Load, LoadSource, LoadWish, LocalityLoad } from './loads.ts';

/** What is counted of one host, from its beginning on. */
export interface ReportedHost {
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly priority: number;
  readonly address: { readonly ip: string; readonly port: number };
  readonly stats: {
    readonly rqSuccess: number;
    readonly rqError: number;
    readonly rqActive: number;
    readonly rqTotal: number;
  };
}

/** One cluster, as it is now. */
export interface ReportedCluster {
  readonly name: string;
  /** `EdsClusterConfig.service_name`; `''` without. */
  readonly serviceName: string;
  readonly hosts: readonly ReportedHost[];
  /** Requests that were not sent anywhere, from the cluster's beginning on. */
  readonly dropped: number;
  /** Those of them that a policy dropped. */
  readonly droppedByCategory: Drops;
}

interface Counts {
  readonly success: number;
  readonly error: number;
  readonly total: number;
}

const NOTHING: Counts = { success: 0, error: 0, total: 0 };

/** What went where on one event loop: hosts count from their beginning on, this tells what came since it told last. */
export class LoadCounter implements LoadSource {
  private readonly clock: Clock;
  private readonly clusters: () => readonly ReportedCluster[];
  private wish: LoadWish = { clusters: [], endpoints: false };
  private names: ReadonlySet<string> = new Set();
  /** What was told of each host, and of each cluster's dropped requests. */
  private readonly told = new WeakMap<ReportedHost, Counts>();
  private readonly toldDropped = new Map<string, Pick<ReportedCluster, 'dropped' | 'droppedByCategory'>>();
  /** When each cluster was told of last. */
  private readonly toldMs = new Map<string, number>();

  /** `clusters` is asked each time. */
  constructor(clock: Clock, clusters: () => readonly ReportedCluster[]) {
    this.clock = clock;
    this.clusters = clusters;
  }

  /** Of the clusters that were asked about before, nothing is lost. */
  beginLoads(wish: LoadWish): void {
    this.wish = wish;
    this.names = new Set(wish.clusters === 'all' ? [] : wish.clusters);
    const now = this.clock.nowMs();
    const wanted = this.wanted();
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of this.toldMs.keys()) if (!names.has(name)) this.toldMs.delete(name);
    for (const cluster of wanted) {
      if (this.toldMs.has(cluster.name)) continue;
      this.toldMs.set(cluster.name, now);
      const { dropped, droppedByCategory } = cluster;
      this.toldDropped.set(cluster.name, { dropped, droppedByCategory });
      for (const host of cluster.hosts) this.told.set(host, countsOf(host));
    }
  }

  takeLoads(): readonly ClusterLoad[] {
    return this.wanted().map((cluster) => this.take(cluster));
  }

  private wanted(): readonly ReportedCluster[] {
    const { clusters } = this.wish;
    return this.clusters().filter(({ name }) => clusters === 'all' || this.names.has(name));
  }

  private take(cluster: ReportedCluster): ClusterLoad {
    const now = this.clock.nowMs();
    const { name, serviceName, dropped, droppedByCategory } = cluster;
    const sinceMs = Math.max(0, Math.round(now - (this.toldMs.get(name) ?? now)));
    this.toldMs.set(name, now);
    const before = this.toldDropped.get(name);
    this.toldDropped.set(name, { dropped, droppedByCategory });
    return {
      name,
      serviceName,
      sinceMs,
      localities: this.localities(cluster),
      dropped: since(before?.dropped ?? 0, dropped),
      droppedByCategory: new Map(
        [...droppedByCategory].map(([category, count]) => [
          category,
          since(before?.droppedByCategory.get(category) ?? 0, count),
        ]),
      ),
    };
  }

  private localities({ hosts }: ReportedCluster): LocalityLoad[] {
    const sums = new Map<string, LocalitySum>();
    for (const host of hosts) {
      const { region, zone, subZone } = host.locality;
      const key = JSON.stringify([host.priority, region, zone, subZone]);
      let sum = sums.get(key);
      if (sum === undefined) {
        sum = new LocalitySum(host);
        sums.set(key, sum);
      }
      sum.add(host, this.told.get(host) ?? NOTHING, this.wish.endpoints);
      this.told.set(host, countsOf(host));
    }
    return [...sums.values()].filter(moved);
  }
}

/** A cluster that was replaced counts from 0 again. */
function since(told: number, count: number): number {
  return count < told ? count : count - told;
}

/** What went to the hosts of one locality and priority. */
class LocalitySum implements LocalityLoad {
  readonly locality: LocalityLoad['locality'];
  readonly priority: number;
  success = 0;
  error = 0;
  active = 0;
  issued = 0;
  readonly endpoints: EndpointLoad[] = [];

  constructor({ locality: { region, zone, subZone }, priority }: Pick<ReportedHost, 'locality' | 'priority'>) {
    this.locality = { region, zone, subZone };
    this.priority = priority;
  }

  add({ stats, address: { ip, port } }: ReportedHost, before: Counts, withEndpoint: boolean): void {
    const success = stats.rqSuccess - before.success;
    const error = stats.rqError - before.error;
    const issued = stats.rqTotal - before.total;
    const active = stats.rqActive;
    this.success += success;
    this.error += error;
    this.issued += issued;
    this.active += active;
    const endpoint = { success, error, issued, active, address: { ip, port } };
    if (withEndpoint && moved(endpoint)) this.endpoints.push(endpoint);
  }
}

function moved({ success, error, active, issued }: Load): boolean {
  return success + error + active + issued > 0;
}

function countsOf({ stats }: ReportedHost): Counts {
  return { success: stats.rqSuccess, error: stats.rqError, total: stats.rqTotal };
}
