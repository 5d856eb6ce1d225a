import type { Counter, StatsScope } from '@weft/core-stats';

/** `proxy_proto.[<stat_prefix>.]`, and one older name: for all listeners together, as in Envoy. */
export class ProxyProtocolStats {
  readonly notFoundAllowed: Counter;
  readonly notFoundDisallowed: Counter;
  readonly v1: VersionStats;
  readonly v2: VersionStats;
  readonly error: Counter;

  constructor(root: StatsScope, statPrefix: string) {
    const scope = root.scope(statPrefix === '' ? 'proxy_proto.' : `proxy_proto.${statPrefix}.`);
    this.notFoundAllowed = scope.counter('not_found_allowed');
    this.notFoundDisallowed = scope.counter('not_found_disallowed');
    this.v1 = versionStats(scope.scope('versions.v1.'));
    this.v2 = versionStats(scope.scope('versions.v2.'));
    this.error = root.counter('downstream_cx_proxy_proto_error');
  }
}

export interface VersionStats {
  readonly found: Counter;
  readonly error: Counter;
  readonly disallowed: Counter;
}

function versionStats(scope: StatsScope): VersionStats {
  return { found: scope.counter('found'), error: scope.counter('error'), disallowed: scope.counter('disallowed') };
}
