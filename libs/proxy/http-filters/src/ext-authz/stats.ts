import type { Counter, StatsScope } from '@weft/core-stats';
import type { Cluster } from '@weft/proxy-filter-api';

/** Names that Envoy's filter has besides those that are counted here: at 0 for who looks for them. */
const ALWAYS =
  'filter_state_name_collision omitted_response_headers request_header_limits_reached response_header_limits_reached ' +
  'shadow_denied shadow_error';

/** `http.<stat_prefix>.ext_authz.<stat_prefix>.`. Source: Envoy's ExtAuthzFilterStats. */
export class ExtAuthzStats {
  readonly ok: Counter;
  readonly denied: Counter;
  readonly error: Counter;
  readonly disabled: Counter;
  readonly failureModeAllowed: Counter;
  readonly invalid: Counter;
  readonly ignoredDynamicMetadata: Counter;
  private readonly prefix: string;
  private readonly clusters = new WeakMap<Cluster, Map<ClusterCount, Counter>>();

  /** `scope` is the connection manager's; `prefix` the filter's own, `''` without. */
  constructor(scope: StatsScope, prefix: string) {
    this.prefix = prefix === '' ? 'ext_authz.' : `ext_authz.${prefix}.`;
    const own = scope.scope(this.prefix);
    this.ok = own.counter('ok');
    this.denied = own.counter('denied');
    this.error = own.counter('error');
    this.disabled = own.counter('disabled');
    this.failureModeAllowed = own.counter('failure_mode_allowed');
    this.invalid = own.counter('invalid');
    this.ignoredDynamicMetadata = own.counter('ignored_dynamic_metadata');
    for (const name of ALWAYS.split(' ')) own.counter(name);
  }

  /** Also counted for the cluster that the request's route leads to; made with the first count, as in Envoy. */
  charge(cluster: Cluster | undefined, name: ClusterCount): void {
    if (cluster === undefined) return;
    let counters = this.clusters.get(cluster);
    if (counters === undefined) this.clusters.set(cluster, (counters = new Map()));
    let counter = counters.get(name);
    if (counter === undefined) counters.set(name, (counter = cluster.stats.counter(`${this.prefix}${name}`)));
    counter.inc();
  }
}

export type ClusterCount = 'ok' | 'denied' | 'error' | 'invalid' | 'failure_mode_allowed';
