import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { DnsLookupFamily, DnsServers } from '@weft/model-cluster';
import { addressesInHosts, readHostsFile } from './hosts-file.ts';

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
 * (UV_THREADPOOL_SIZE). It does not tell TTLs: `createServerResolver` does.
 */
export function createSystemResolver(): DnsResolver {
  return {
    resolve(name, family, answer) {
      lookup(name, { all: true, family: systemFamily(family), verbatim: true }, (error, found) => {
        if (error === null) {
          const addresses = chooseFamily(
            found.map(({ address }) => address),
            family,
          );
          answer({ kind: 'resolved', addresses, ttlMs: undefined });
        } else answer(withoutAddresses(error));
      });
    },
  };
}

/**
 * Asks DNS servers directly: those that are named, or this machine's. As c-ares does, it looks into /etc/hosts first.
 * `fallback` is asked where the servers know no address.
 */
export function createServerResolver(servers: DnsServers, fallback?: DnsResolver): DnsResolver {
  const resolver = new Resolver({ timeout: servers.queryTimeoutMs, tries: servers.queryTries });
  if (servers.addresses.length > 0) resolver.setServers(servers.addresses);
  return {
    resolve(name, family, answer) {
      void askServers(resolver, name, family).then((found) => {
        const known = found.kind === 'resolved' && found.addresses.length > 0;
        if (known || fallback === undefined) answer(found);
        else fallback.resolve(name, family, answer);
      });
    },
  };
}

/** Asks `first`; where it fails or knows no address, `second`. */
export function createFallbackResolver(first: DnsResolver, second: DnsResolver): DnsResolver {
  return {
    resolve(name, family, answer) {
      first.resolve(name, family, (found) => {
        if (found.kind === 'resolved' && found.addresses.length > 0) answer(found);
        else second.resolve(name, family, answer);
      });
    },
  };
}

async function askServers(resolver: Resolver, name: string, family: DnsLookupFamily): Promise<DnsAnswer> {
  const inFile = chooseFamily(addressesInHosts(await readHostsFile(), name), family);
  if (inFile.length > 0) return { kind: 'resolved', addresses: inFile, ttlMs: undefined };
  const [four, six] = await Promise.all([
    family === 'V6_ONLY' ? NONE : recordsOf(resolver.resolve4(name, { ttl: true })),
    family === 'V4_ONLY' ? NONE : recordsOf(resolver.resolve6(name, { ttl: true })),
  ]);
  const records = [...four.records, ...six.records];
  const addresses = chooseFamily(
    records.map(({ address }) => address),
    family,
  );
  if (addresses.length > 0) {
    const ttls = records.filter(({ address }) => addresses.includes(address)).map(({ ttl }) => ttl);
    return { kind: 'resolved', addresses, ttlMs: Math.min(...ttls) * 1000 };
  }
  const error = four.error ?? six.error;
  return error === undefined ? { kind: 'resolved', addresses: [], ttlMs: undefined } : withoutAddresses(error);
}

interface Found {
  readonly records: readonly { readonly address: string; readonly ttl: number }[];
  readonly error: NodeJS.ErrnoException | undefined;
}
const NONE: Found = { records: [], error: undefined };

/** A failure of one family is none where the other has addresses. */
async function recordsOf(records: Promise<readonly { address: string; ttl: number }[]>): Promise<Found> {
  try {
    return { records: await records, error: undefined };
  } catch (error) {
    return { records: [], error: error as NodeJS.ErrnoException };
  }
}

/** Which of the addresses a family asks for. Source: Cluster.DnsLookupFamily. */
export function chooseFamily(found: readonly string[], family: DnsLookupFamily): string[] {
  const four = found.filter((address) => !isIPv6(address));
  const six = found.filter((address) => isIPv6(address));
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
