import { after, type Timers } from '@weft/core-runtime';
import type { DnsLookupFamily, DnsOptions } from '@weft/model-cluster';
import type { DnsAnswer, DnsResolver } from './dns-resolver.ts';

/** How long an answer serves whoever asks the same, at most, in milliseconds: workers refresh at the same time, but for a little. */
const SHARED_MS = 1000;

/** What a resolver depends on, and how often it is asked. */
export type DnsNeeds = Pick<DnsOptions, 'respectTtl' | 'servers' | 'refreshRateMs'>;

/** Gives the resolver for what a cluster asks. */
export interface DnsResolverChoice {
  for(dns: DnsNeeds): DnsResolver;
}

/** A question for another thread, to which it can be copied. */
export interface DnsQuestion {
  readonly name: string;
  readonly family: DnsLookupFamily;
  readonly dns: DnsNeeds;
}

/** The resolvers of a worker: another thread asks for all of them. */
export class RelayedResolvers implements DnsResolverChoice {
  private readonly ask: (question: DnsQuestion) => Promise<DnsAnswer>;

  constructor(ask: (question: DnsQuestion) => Promise<DnsAnswer>) {
    this.ask = ask;
  }

  for({ respectTtl, servers, refreshRateMs }: DnsNeeds): DnsResolver {
    return {
      resolve: (name, family, answer) => {
        this.ask({ name, family, dns: { respectTtl, servers, refreshRateMs } }).then(answer, (error: unknown) =>
          answer({ kind: 'failed', reason: (error as Error).message }),
        );
      },
    };
  }
}

/** Asks once for all threads that want to know the same at the same time. */
export class SharedResolver {
  private readonly resolvers: DnsResolverChoice;
  private readonly timers: Timers;
  private readonly answers = new Map<string, Promise<DnsAnswer>>();

  constructor(resolvers: DnsResolverChoice, timers: Timers) {
    this.resolvers = resolvers;
    this.timers = timers;
  }

  resolve(question: DnsQuestion): Promise<DnsAnswer> {
    const key = JSON.stringify(question);
    const known = this.answers.get(key);
    if (known !== undefined) return known;
    const { name, family, dns } = question;
    const asked = new Promise<DnsAnswer>((resolve) => {
      this.resolvers.for(dns).resolve(name, family, (answer) => {
        resolve(answer);
        const sharedMs = answer.kind === 'failed' ? 0 : Math.min(SHARED_MS, dns.refreshRateMs / 2);
        after(this.timers, sharedMs, () => this.answers.delete(key));
      });
    });
    this.answers.set(key, asked);
    return asked;
  }
}
