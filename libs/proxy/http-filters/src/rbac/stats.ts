import type { Counter, StatsScope } from '@weft/core-stats';

/** Counters of one set of rules, enforced or shadow. Source: Envoy's RoleBasedAccessControlFilterStats. */
export class RuleStats {
  private readonly scope: StatsScope;
  private readonly allowed: Counter;
  private readonly denied: Counter;
  private readonly kind: '' | 'shadow_';

  /** `scope` is `http.<stat_prefix>.rbac.`; `prefix` is a part of the names, ended by a dot. */
  constructor(scope: StatsScope, prefix: string, kind: '' | 'shadow_') {
    this.scope = prefix === '' ? scope : scope.scope(prefix.endsWith('.') ? prefix : `${prefix}.`);
    this.kind = kind;
    this.allowed = this.scope.counter(`${kind}allowed`);
    this.denied = this.scope.counter(`${kind}denied`);
  }

  /** `policy`: also counted by its name. Policies are those of the configuration, so the names are few. */
  count(isAllowed: boolean, policy: string | undefined): void {
    (isAllowed ? this.allowed : this.denied).inc();
    if (policy !== undefined)
      this.scope.counter(`policy.${policy}.${this.kind}${isAllowed ? 'allowed' : 'denied'}`).inc();
  }
}
