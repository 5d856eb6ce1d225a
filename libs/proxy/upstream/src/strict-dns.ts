import type { Logger, Runtime } from '@weft/core-runtime';
import type { Endpoint, LoadAssignment, LocalityEndpoints } from '@weft/model-cluster';
import type { Discovery, DiscoveryOwner } from './discovery.ts';
import { DnsRefresh, type DnsRefreshOwner } from './dns-refresh.ts';
import type { DnsResolver } from './dns-resolver.ts';
import type { HostOptions } from './host.ts';
import type { UpstreamCluster } from './upstream-cluster.ts';

/** STRICT_DNS: each address of each name is a host. A name that fails keeps the hosts that it had. */
export class StrictDns implements Discovery {
  private readonly cluster: UpstreamCluster;
  private readonly assignment: LoadAssignment;
  private readonly owner: DiscoveryOwner;
  private readonly targets: readonly Target[];
  private unanswered: number;

  constructor(cluster: UpstreamCluster, world: { runtime: Runtime; resolver: DnsResolver }, owner: DiscoveryOwner) {
    const { loadAssignment, discovery } = cluster.config;
    if (loadAssignment === undefined || discovery.kind !== 'STRICT_DNS') throw new Error('not a STRICT_DNS cluster');
    this.cluster = cluster;
    this.assignment = loadAssignment;
    this.owner = owner;
    this.targets = loadAssignment.localities.flatMap((locality) =>
      locality.endpoints.map((endpoint) => {
        const target = new Target(locality, endpoint, this, world.runtime.loggers.get('upstream'));
        const name = endpoint.address.kind === 'socket' ? endpoint.address.host : '';
        target.refresh = new DnsRefresh({ name, dns: discovery.dns, stats: cluster.requestStats, ...world }, target);
        return target;
      }),
    );
    this.unanswered = this.targets.length;
  }

  start(): void {
    if (this.targets.length === 0) this.owner.onInitialized();
    for (const target of this.targets) target.refresh?.start();
  }

  close(): void {
    for (const target of this.targets) target.refresh?.close();
  }

  /** The addresses of one name are known. */
  update(): void {
    const hosts = this.targets.flatMap((target) => target.hosts());
    if (!this.cluster.setHosts(hosts, this.assignment.policy)) this.cluster.requestStats.updateNoRebuild.inc();
  }

  answered(): void {
    this.unanswered -= 1;
    if (this.unanswered === 0) this.owner.onInitialized();
  }
}

class Target implements DnsRefreshOwner {
  refresh: DnsRefresh | undefined;
  private addresses: readonly string[] = [];
  private answered = false;
  private readonly locality: LocalityEndpoints;
  private readonly endpoint: Endpoint;
  private readonly dns: StrictDns;
  private readonly logger: Logger;

  constructor(locality: LocalityEndpoints, endpoint: Endpoint, dns: StrictDns, logger: Logger) {
    this.locality = locality;
    this.endpoint = endpoint;
    this.dns = dns;
    this.logger = logger;
  }

  onAddresses(addresses: readonly string[]): boolean {
    // Servers rotate their answers; the order of hosts must not follow, or round robin would begin anew each time.
    this.addresses = [...addresses].sort();
    this.dns.update();
    this.done();
    return true;
  }

  onFailure(reason: string): void {
    const { address } = this.endpoint;
    const meanwhile = this.addresses.length === 0 ? 'no host is known yet' : 'the hosts known so far stay in use';
    if (address.kind === 'socket')
      this.logger.warning(`"${address.host}" could not be resolved (${reason}); ${meanwhile}.`);
    this.done();
  }

  hosts(): HostOptions[] {
    const { address, hostname, weight, healthStatus, metadata } = this.endpoint;
    if (address.kind !== 'socket') return [];
    const { locality, priority } = this.locality;
    return this.addresses.map((host) => ({
      endpoint: { kind: 'socket', host, port: address.port },
      hostname: hostname === '' ? address.host : hostname,
      weight,
      healthStatus,
      locality,
      priority,
      metadata,
    }));
  }

  private done(): void {
    if (this.answered) return;
    this.answered = true;
    this.dns.answered();
  }
}
