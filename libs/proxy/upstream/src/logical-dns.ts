import type { Logger, Runtime } from '@weft/core-runtime';
import type { Endpoint, LoadAssignment, LocalityEndpoints } from '@weft/model-cluster';
import { addressOrder } from './address-order.ts';
import type { Discovery, DiscoveryOwner } from './discovery.ts';
import { DnsRefresh, type DnsRefreshOwner } from './dns-refresh.ts';
import type { DnsResolver } from './dns-resolver.ts';
import type { SocketEndpoint } from './host.ts';
import type { UpstreamCluster } from './upstream-cluster.ts';

/**
 * LOGICAL_DNS: one host, whatever its name resolves to. New connections go to the addresses of the last answer, the first that answers; those
 * that exist stay until they end, since large services answer with other addresses each time.
 */
export class LogicalDns implements Discovery, DnsRefreshOwner {
  private readonly cluster: UpstreamCluster;
  private readonly assignment: LoadAssignment;
  private readonly locality: LocalityEndpoints;
  private readonly endpoint: Endpoint;
  private readonly name: string;
  private readonly port: number;
  private readonly owner: DiscoveryOwner;
  private readonly refresh: DnsRefresh;
  private readonly logger: Logger;
  private initialized = false;

  constructor(cluster: UpstreamCluster, world: { runtime: Runtime; resolver: DnsResolver }, owner: DiscoveryOwner) {
    const { loadAssignment, discovery } = cluster.config;
    const locality = loadAssignment?.localities.find(({ endpoints }) => endpoints.length > 0);
    const endpoint = locality?.endpoints[0];
    if (
      loadAssignment === undefined ||
      locality === undefined ||
      endpoint?.address.kind !== 'socket' ||
      discovery.kind !== 'LOGICAL_DNS'
    )
      throw new Error('not a LOGICAL_DNS cluster');
    this.cluster = cluster;
    this.assignment = loadAssignment;
    this.locality = locality;
    this.endpoint = endpoint;
    this.name = endpoint.address.host;
    this.port = endpoint.address.port;
    this.owner = owner;
    this.logger = world.runtime.loggers.get('upstream');
    this.refresh = new DnsRefresh({ name: this.name, dns: discovery.dns, stats: cluster.requestStats, ...world }, this);
  }

  start(): void {
    this.refresh.start();
  }
  close(): void {
    this.refresh.close();
  }

  onAddresses(addresses: readonly string[]): boolean {
    const { port } = this;
    const [first, ...others] = addressOrder(
      addresses.map((host) => ({ kind: 'socket' as const, host, port })),
      this.cluster.config.connection.happyEyeballs,
    );
    // Unlike a strict cluster a logical one never loses its host, so an answer without addresses is none.
    if (first === undefined) return false;
    this.moveTo(first, others);
    this.done();
    return true;
  }

  onFailure(reason: string): void {
    const meanwhile =
      this.cluster.hosts.length === 0 ? 'no address is known yet' : 'the address known so far stays in use';
    this.logger.warning(`"${this.name}" could not be resolved (${reason}); ${meanwhile}.`);
    this.done();
  }

  private moveTo(endpoint: SocketEndpoint, alternatives: readonly SocketEndpoint[]): void {
    const [known] = this.cluster.hosts;
    if (known === undefined) {
      const { hostname, weight, healthStatus, metadata } = this.endpoint;
      const { locality, priority } = this.locality;
      const name = hostname === '' ? this.name : hostname;
      const host = { endpoint, alternatives, hostname: name, weight, healthStatus, locality, priority, metadata };
      this.cluster.setHosts([host], this.assignment.policy);
      return;
    }
    if (known.address.ip === endpoint.host) this.cluster.requestStats.updateNoRebuild.inc();
    known.moveTo(endpoint, alternatives);
  }

  private done(): void {
    if (this.initialized) return;
    this.initialized = true;
    this.owner.onInitialized();
  }
}
