import type { IndexedVirtualHost, ResolvedRoute, RouteIndex, VirtualHost } from './route.ts';

/** From this many exact paths on, a map of them costs less than asking one route after the other. */
const WORTH_A_MAP = 4;

export interface RouteIndexOptions {
  readonly hostHeader: string;
  readonly ignorePort: boolean;
  readonly ignorePathParameters: boolean;
}

/** The virtual hosts by domain: exact ones, `*.x` and `x.*` by length, and `*`. Domains are in lower case. */
export class DomainIndex implements RouteIndex {
  readonly hostHeader: string;
  readonly ignorePort: boolean;
  readonly ignorePathParameters: boolean;
  private readonly exact = new Map<string, IndexedVirtualHost>();
  private suffixes: Wildcards = [];
  private prefixes: Wildcards = [];
  private any: IndexedVirtualHost | undefined;
  private onlyAny = true;

  constructor(options: RouteIndexOptions) {
    this.hostHeader = options.hostHeader;
    this.ignorePort = options.ignorePort;
    this.ignorePathParameters = options.ignorePathParameters;
  }

  /** Config time. False: another virtual host has the domain already. */
  add(domain: string, host: IndexedVirtualHost): boolean {
    if (domain === '*') {
      if (this.any !== undefined) return false;
      this.any = host;
      return true;
    }
    this.onlyAny = false;
    if (domain.startsWith('*')) return addWildcard(this.suffixes, domain.slice(1), host);
    if (domain.endsWith('*')) return addWildcard(this.prefixes, domain.slice(0, -1), host);
    if (this.exact.has(domain)) return false;
    this.exact.set(domain, host);
    return true;
  }

  findVirtualHost(authority: string): IndexedVirtualHost | undefined {
    if (this.onlyAny) return this.any;
    let host = authority.toLowerCase();
    if (this.ignorePort) host = withoutPort(host);
    if (host === '') return this.exact.get('');
    return this.exact.get(host) ?? this.findWildcard(host) ?? this.any;
  }

  private findWildcard(host: string): IndexedVirtualHost | undefined {
    for (const { length, hosts } of this.suffixes) {
      // `*` stands for one character or more.
      const found = length < host.length ? hosts.get(host.slice(-length)) : undefined;
      if (found !== undefined) return found;
    }
    for (const { length, hosts } of this.prefixes) {
      const found = length < host.length ? hosts.get(host.slice(0, length)) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Wildcards of one length share a map; the longest come first. */
type Wildcards = { readonly length: number; readonly hosts: Map<string, IndexedVirtualHost> }[];

function addWildcard(wildcards: Wildcards, text: string, host: IndexedVirtualHost): boolean {
  let entry = wildcards.find(({ length }) => length === text.length);
  if (entry === undefined) {
    entry = { length: text.length, hosts: new Map() };
    wildcards.push(entry);
    wildcards.sort((a, b) => b.length - a.length);
  }
  if (entry.hosts.has(text)) return false;
  entry.hosts.set(text, host);
  return true;
}

/** `a:80` is `a`, `[::1]:80` is `[::1]`. */
export function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.indexOf(']', colon) >= 0) return authority;
  return /^\d+$/.test(authority.slice(colon + 1)) ? authority.slice(0, colon) : authority;
}

/** Config time: the routes of a virtual host, those with an exact path by that path. */
export function indexVirtualHost(
  virtualHost: VirtualHost,
  redirectToTls: ResolvedRoute | undefined,
): IndexedVirtualHost {
  const byPath = new Map<string, number[]>();
  const scanned: number[] = [];
  for (const [place, { match }] of virtualHost.routes.entries()) {
    if (match.path.kind !== 'path' || match.path.ignoreCase) {
      scanned.push(place);
      continue;
    }
    const places = byPath.get(match.path.text);
    if (places === undefined) byPath.set(match.path.text, [place]);
    else places.push(place);
  }
  if (byPath.size >= WORTH_A_MAP) return { virtualHost, redirectToTls, byPath, scanned };
  return { virtualHost, redirectToTls, byPath: undefined, scanned: virtualHost.routes.map((_, place) => place) };
}
