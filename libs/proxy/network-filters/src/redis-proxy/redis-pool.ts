import type { DownstreamConnection } from '@weft/core-http';
import {
  ANY_HOST,
  type Cluster,
  type Host,
  type LoadBalancerContext,
  type ServerContext,
} from '@weft/proxy-filter-api';
import type { RedisProxyConfig } from './config.decode.ts';
import { RedisClient, type ClientWorld } from './redis-client.ts';
import { hashOf, hashtagOf } from './routing.ts';
import { UpstreamStats } from './stats.ts';

/** The clients of one cluster: one for each host, shared by all. */
interface ClusterClients {
  readonly cluster: Cluster;
  readonly world: ClientWorld;
  readonly byHost: Map<Host, RedisClient>;
}

/** The connections of one redis_proxy to the hosts of its clusters. */
export class RedisPool {
  private readonly server: ServerContext;
  private readonly config: RedisProxyConfig;
  private users = 0;
  private closing = false;
  private readonly clusters = new Map<string, ClusterClients>();

  constructor(server: ServerContext, config: RedisProxyConfig) {
    this.server = server;
    this.config = config;
  }

  /** The shared client of the host that a key belongs to. Undefined: there is no such cluster, or it has no host. */
  clientFor(clusterName: string, key: Buffer): RedisClient | undefined {
    const clients = this.clientsOf(clusterName);
    const host = clients && this.pick(clients.cluster, key, undefined);
    return host && this.shared(clients, host);
  }

  /** One of any host. */
  anyClient(clusterName: string): RedisClient | undefined {
    const clients = this.clientsOf(clusterName);
    const host = clients?.cluster.pick(ANY_HOST);
    return clients && host && this.shared(clients, host);
  }

  /** One of each host. */
  allClients(clusterName: string): RedisClient[] {
    const clients = this.clientsOf(clusterName);
    return clients === undefined ? [] : clients.cluster.hosts.map((host) => this.shared(clients, host));
  }

  /** A client that nobody else uses, for a transaction. */
  ownClient(clusterName: string, key: Buffer, downstream: DownstreamConnection): RedisClient | undefined {
    const clients = this.clientsOf(clusterName);
    const host = clients && this.pick(clients.cluster, key, downstream);
    if (host === undefined) return undefined;
    const { cluster, world } = clients as ClusterClients;
    const client = new RedisClient({ cluster, host, downstream }, { ...world, onClosed: () => undefined });
    client.connect();
    return client;
  }

  /** Somebody uses the pool until `release`. */
  retain(): void {
    this.users += 1;
  }
  release(): void {
    this.users -= 1;
    this.closeUnused();
  }

  /** Every client closes once nobody uses the pool any more and it has its replies. */
  close(): void {
    this.closing = true;
    this.closeUnused();
  }

  private closeUnused(): void {
    if (!this.closing || this.users > 0) return;
    for (const { byHost } of this.clusters.values()) for (const client of [...byHost.values()]) client.closeWhenIdle();
    this.clusters.clear();
  }

  private pick(cluster: Cluster, key: Buffer, downstream: DownstreamConnection | undefined): Host | undefined {
    const asking: LoadBalancerContext = {
      hashKey: () => hashOf(this.config.hashtagging ? hashtagOf(key) : key),
      shouldSelectAnotherHost: () => false,
      hostSelectionRetries: 0,
      downstream,
    };
    const host = cluster.pick(asking);
    if (host === undefined) cluster.requestStats.upstreamCxNoneHealthy.inc();
    return host;
  }

  private shared(clients: ClusterClients, host: Host): RedisClient {
    let client = clients.byHost.get(host);
    if (client === undefined) {
      this.dropRemoved(clients);
      client = new RedisClient({ cluster: clients.cluster, host, downstream: undefined }, clients.world);
      clients.byHost.set(host, client);
      client.connect();
    }
    return client;
  }

  private clientsOf(name: string): ClusterClients | undefined {
    const cluster = this.server.clusters.get(name);
    const known = this.clusters.get(name);
    if (known !== undefined && known.cluster === cluster) return known;
    // Replaced or removed: what is under way finishes on the old connections.
    for (const client of known === undefined ? [] : [...known.byHost.values()]) client.closeWhenIdle();
    this.clusters.delete(name);
    if (cluster === undefined) return undefined;
    const byHost = new Map<Host, RedisClient>();
    const scope = this.server.stats.scope(`cluster.${cluster.altStatName}.`);
    const world: ClientWorld = {
      runtime: this.server.runtime,
      config: this.config,
      stats: new UpstreamStats(scope, this.config.commandStats),
      onClosed: (client) => {
        if (byHost.get(client.target.host) === client) byHost.delete(client.target.host);
      },
    };
    const clients = { cluster, world, byHost };
    this.clusters.set(name, clients);
    return clients;
  }

  /** Hosts come and go unannounced; when one comes, those that went are let go. */
  private dropRemoved({ cluster, byHost }: ClusterClients): void {
    if (byHost.size === 0) return;
    const hosts = new Set(cluster.hosts);
    for (const [host, client] of [...byHost]) if (!hosts.has(host)) client.closeWhenIdle();
  }
}
