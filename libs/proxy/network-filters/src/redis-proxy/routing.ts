import type { RedisProxyConfig, RedisRoute } from './config.decode.ts';

/** Where a key goes, and as what. */
export interface RoutedKey {
  readonly cluster: string;
  readonly key: Buffer;
}

/** The routes of one redis_proxy, the longest prefix first. */
export class RedisRoutes {
  private readonly routes: readonly { readonly route: RedisRoute; readonly prefix: Buffer }[];
  private readonly catchAll: RedisRoute | undefined;
  private readonly caseInsensitive: boolean;

  constructor({
    routes,
    catchAll,
    caseInsensitive,
  }: Pick<RedisProxyConfig, 'routes' | 'catchAll' | 'caseInsensitive'>) {
    this.caseInsensitive = caseInsensitive;
    this.catchAll = catchAll;
    this.routes = routes
      .map((route) => ({ route, prefix: this.fold(Buffer.from(route.prefix)) }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** Undefined: no route is for this key. */
  find(key: Buffer): RoutedKey | undefined {
    for (const { route, prefix } of this.routes) {
      if (prefix.length > key.length || !this.fold(key.subarray(0, prefix.length)).equals(prefix)) continue;
      return { cluster: route.cluster, key: route.removePrefix ? key.subarray(prefix.length) : key };
    }
    return this.catchAll && { cluster: this.catchAll.cluster, key };
  }

  /** The cluster of commands without a key: that of all other keys, or else of the first route. */
  get keyless(): string {
    return this.catchAll?.cluster ?? this.routes[0]?.route.cluster ?? '';
  }

  private fold(bytes: Buffer): Buffer {
    return this.caseInsensitive ? Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1') : bytes;
  }
}

/** The part of a key that decides its place: what stands in its first braces, where there is something. */
export function hashtagOf(key: Buffer): Buffer {
  const open = key.indexOf(0x7b);
  if (open < 0) return key;
  const close = key.indexOf(0x7d, open + 1);
  return close <= open + 1 ? key : key.subarray(open + 1, close);
}

/** FNV-1a over the bytes, 32 bits: the same key is always the same number. */
export function hashOf(key: Buffer): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
