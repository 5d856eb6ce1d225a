import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { DnsLookupFamily } from '@weft/model-cluster';

/** What a name resolves to. `failed` is a resolver that could not tell; a name without addresses is `resolved` with none. */
export type DnsAnswer =
  | { readonly kind: 'resolved'; readonly addresses: readonly string[]; readonly ttlMs: number | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** Resolves names. One answer for each question, later than the call returns. */
export interface DnsResolver {
  resolve(name: string, family: DnsLookupFamily, answer: (answer: DnsAnswer) => void): void;
}

/**
 * The machine's own resolver (getaddrinfo), which knows /etc/hosts and search domains as every other program does. It runs
 * on libuv's threads, so the event loop never waits for it, but four names that do not answer can hold up the fifth
 * (UV_THREADPOOL_SIZE). It does not tell TTLs: `createTtlResolver` does.
 */
export function createSystemResolver(): DnsResolver {
  return {
    resolve(name, family, answer) {
      lookup(name, { all: true, family: systemFamily(family), verbatim: true }, (error, found) => {
        if (error === null) {
          const addresses = chooseFamily(
            found.map((entry) => ({ address: entry.address, version: entry.family === 6 ? 6 : 4 })),
            family,
          );
          answer({ kind: 'resolved', addresses, ttlMs: undefined });
        } else answer(withoutAddresses(error));
      });
    },
  };
}

/**
 * Asks the machine's DNS servers directly, for `respect_dns_ttl`. Names that DNS does not know (those in /etc/hosts) are
 * left to `fallback`.
 */
export function createTtlResolver(fallback: DnsResolver): DnsResolver {
  const resolver = new Resolver();
  return {
    resolve(name, family, answer) {
      const wanted = [
        family === 'V6_ONLY' ? [] : resolver.resolve4(name, { ttl: true }).catch(() => []),
        family === 'V4_ONLY' ? [] : resolver.resolve6(name, { ttl: true }).catch(() => []),
      ] as const;
      void Promise.all(wanted).then(([four, six]) => {
        const records = [
          ...four.map((record) => ({ ...record, version: 4 as const })),
          ...six.map((record) => ({ ...record, version: 6 as const })),
        ];
        const addresses = chooseFamily(records, family);
        if (addresses.length === 0) {
          fallback.resolve(name, family, answer);
          return;
        }
        const used = records.filter((record) => addresses.includes(record.address));
        answer({ kind: 'resolved', addresses, ttlMs: Math.min(...used.map((record) => record.ttl)) * 1000 });
      });
    },
  };
}

interface Address {
  readonly address: string;
  readonly version: 4 | 6;
}

/** Which of the addresses a family asks for. Source: Cluster.DnsLookupFamily. */
export function chooseFamily(found: readonly Address[], family: DnsLookupFamily): string[] {
  const of = (version: 4 | 6): string[] =>
    found.filter((entry) => entry.version === version).map((entry) => entry.address);
  const four = of(4);
  const six = of(6);
  switch (family) {
    case 'V4_ONLY':
      return four;
    case 'V6_ONLY':
      return six;
    case 'V4_PREFERRED':
      return four.length > 0 ? four : six;
    case 'AUTO':
      return six.length > 0 ? six : four;
    case 'ALL':
      return [...six, ...four];
  }
}

function systemFamily(family: DnsLookupFamily): 0 | 4 | 6 {
  if (family === 'V4_ONLY') return 4;
  return family === 'V6_ONLY' ? 6 : 0;
}

/** "There is no such name" is an answer; anything else is none. */
function withoutAddresses(error: NodeJS.ErrnoException): DnsAnswer {
  if (error.code === 'ENOTFOUND' || error.code === 'ENODATA')
    return { kind: 'resolved', addresses: [], ttlMs: undefined };
  return { kind: 'failed', reason: error.code ?? error.message };
}
