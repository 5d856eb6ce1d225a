import type { StatsScope } from '@weft/core-stats';
import { SYSTEM_DNS, type DnsLookupFamily, type DnsServers } from '@weft/model-cluster';
import {
  createFallbackResolver,
  createServerResolver,
  createSystemResolver,
  type DnsAnswer,
  type DnsResolver,
} from './dns-resolver.ts';
import type { DnsNeeds, DnsResolverChoice } from './dns-relay.ts';
import { DnsStats } from './dns-stats.ts';

/** The resolvers of a proxy: clusters that ask the same servers share one. */
export class DnsResolvers implements DnsResolverChoice {
  private readonly stats: DnsStats;
  private readonly system: DnsResolver;
  /** Tests put one in the place of all. */
  private readonly only: DnsResolver | undefined;
  private readonly usual: DnsServers;
  private readonly known = new Map<string, DnsResolver>();

  /** `usual`: the servers of clusters that name none. Default: this machine's resolver. */
  constructor(
    stats: StatsScope,
    { usual = SYSTEM_DNS, only }: { usual?: DnsServers | undefined; only?: DnsResolver | undefined } = {},
  ) {
    this.usual = usual;
    this.stats = new DnsStats(stats.scope('dns.cares.'));
    this.system = createSystemResolver();
    this.only = only && new CountingResolver(only, this.stats);
  }

  for(dns: DnsNeeds): DnsResolver {
    if (this.only !== undefined) return this.only;
    const servers = dns.servers ?? this.usual;
    const key = JSON.stringify([dns.respectTtl, servers]);
    let resolver = this.known.get(key);
    if (resolver === undefined) {
      resolver = new CountingResolver(this.create(dns.respectTtl, servers), this.stats);
      this.known.set(key, resolver);
    }
    return resolver;
  }

  /** This machine's way to resolve names, unless servers are named; TTLs are known only to those who ask servers. */
  private create(respectTtl: boolean, servers: DnsServers): DnsResolver {
    if (servers.addresses.length === 0) return respectTtl ? createServerResolver(servers, this.system) : this.system;
    if (!servers.asFallback) return createServerResolver(servers);
    return createFallbackResolver(this.system, createServerResolver(servers));
  }
}

class CountingResolver implements DnsResolver {
  private readonly inner: DnsResolver;
  private readonly stats: DnsStats;

  constructor(inner: DnsResolver, stats: DnsStats) {
    this.inner = inner;
    this.stats = stats;
  }

  resolve(name: string, family: DnsLookupFamily, answer: (answer: DnsAnswer) => void): void {
    const { stats } = this;
    stats.resolveTotal.inc();
    stats.pendingResolutions.inc();
    this.inner.resolve(name, family, (found) => {
      stats.pendingResolutions.dec();
      if (found.kind === 'failed') (found.reason === 'ETIMEOUT' ? stats.timeouts : stats.getAddrFailure).inc();
      else if (found.addresses.length === 0) stats.notFound.inc();
      answer(found);
    });
  }
}
