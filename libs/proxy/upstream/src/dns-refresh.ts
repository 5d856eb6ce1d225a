import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { DnsOptions } from '@weft/model-cluster';
import type { ClusterStats } from './cluster-stats.ts';
import type { DnsAnswer, DnsResolver } from './dns-resolver.ts';

/** What is done with the addresses of one name. */
export interface DnsRefreshOwner {
  /** The name resolved; `addresses` may be empty. Returns false where that is as bad as no answer. */
  onAddresses(addresses: readonly string[]): boolean;
  /** There was no usable answer: what was known stays in force. */
  onFailure(reason: string): void;
}

export interface DnsRefreshOptions {
  readonly name: string;
  readonly dns: DnsOptions;
  readonly resolver: DnsResolver;
  readonly runtime: Runtime;
  readonly stats: ClusterStats;
}

/** Resolves one name over and over: each refresh interval, or by TTL, or with back-off while it fails. */
export class DnsRefresh {
  private readonly options: DnsRefreshOptions;
  private readonly owner: DnsRefreshOwner;
  private timer: Timer | undefined;
  private failures = 0;
  private closed = false;

  constructor(options: DnsRefreshOptions, owner: DnsRefreshOwner) {
    this.options = options;
    this.owner = owner;
  }

  start(): void {
    const { name, dns, resolver, stats } = this.options;
    stats.updateAttempt.inc();
    resolver.resolve(name, dns.lookupFamily, (answer) => {
      if (!this.closed) this.take(answer);
    });
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
  }

  private take(answer: DnsAnswer): void {
    const { stats, runtime, dns } = this.options;
    const good = answer.kind === 'resolved' && this.owner.onAddresses(answer.addresses);
    if (good) {
      stats.updateSuccess.inc();
      this.failures = 0;
    } else {
      stats.updateFailure.inc();
      this.failures += 1;
      this.owner.onFailure(answer.kind === 'failed' ? answer.reason : 'the name has no address');
    }
    const ttlMs = answer.kind === 'resolved' && dns.respectTtl ? answer.ttlMs : undefined;
    const goodWaitMs = ttlMs ? Math.max(ttlMs, dns.minRefreshRateMs) : dns.refreshRateMs;
    const waitMs = good ? goodWaitMs : this.failureWaitMs();
    const jitterMs = dns.jitterMs > 0 ? runtime.random.below(Math.ceil(dns.jitterMs)) : 0;
    this.timer = after(runtime.timers, waitMs + jitterMs, () => this.start());
  }

  /** Half of it is certain and half drawn, so that many proxies do not ask a sick server all at once. */
  private failureWaitMs(): number {
    const { dns, runtime } = this.options;
    if (dns.failureRefreshRate === undefined) return dns.refreshRateMs;
    const { baseMs, maxMs } = dns.failureRefreshRate;
    const fullMs = Math.min(maxMs, baseMs * 2 ** Math.min(this.failures - 1, 30));
    return fullMs / 2 + runtime.random.below(Math.max(1, Math.ceil(fullMs / 2)));
  }
}
