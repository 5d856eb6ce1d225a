import type { RequestHeaderMap } from '@weft/core-http';
import { ThrottledLog } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { pathOnly } from '@weft/model-match';
import { evaluate, type RbacRequest } from '@weft/model-rbac';
import {
  CONTINUE,
  STOP,
  type FilterFactoryContext,
  type FilterStream,
  type HeadersStatus,
  type HttpFilter,
  type HttpFilterFactory,
} from '@weft/proxy-filter-api';
import { decodeRbacConfig, decodeRbacRoute, RBAC_ROUTE_TYPE, RBAC_TYPE, type RbacConfig } from './config.decode.ts';
import { RuleStats } from './stats.ts';

const FILTER_NAME = 'envoy.filters.http.rbac';
const FORBIDDEN = 403;

/** `envoy.filters.http.rbac`: who may ask for what. */
export const rbacFactory: HttpFilterFactory<RbacConfig> = {
  typeName: RBAC_TYPE,
  terminal: false,
  routeTypeName: RBAC_ROUTE_TYPE,
  decode: decodeRbacConfig,
  decodeRoute: decodeRbacRoute,
  prepare(config, context) {
    const prepared = new PreparedRbac(config, context);
    return (stream) => new RbacFilter(prepared, stream);
  },
};

/** The configuration and what is counted for it; a route's own is counted with the filter's scope and its own prefixes. */
class PreparedRbac {
  readonly own: CountedRules;
  private readonly scope: StatsScope;
  private readonly name: string;
  private log: ThrottledLog | undefined;
  private readonly ofRoutes = new WeakMap<RbacConfig, CountedRules>();

  constructor(config: RbacConfig, { stats, filterName }: FilterFactoryContext) {
    this.name = filterName ?? FILTER_NAME;
    this.scope = stats.scope('rbac.');
    this.own = new CountedRules(config, this.scope);
  }

  denied({ info, runtime }: FilterStream, headers: RequestHeaderMap, policy: string | undefined): void {
    this.log ??= new ThrottledLog(runtime.loggers.get('rbac'), runtime.clock);
    const { ssl, directRemoteAddress } = info.downstream;
    const [identity] = ssl?.peer?.uriSans ?? [];
    const who = `${identity === undefined ? '' : `${identity} at `}${directRemoteAddress.text}`;
    const why = policy === undefined ? 'no policy allows it' : `denied by ${policy}`;
    this.log.warning(
      (more) => `${headers.method} ${pathOnly(headers.path)} from ${who} was answered 403: ${why}${more}`,
    );
  }

  at(stream: FilterStream): CountedRules {
    const config = stream.perRouteConfig(this.name) as RbacConfig | undefined;
    if (config === undefined) return this.own;
    let counted = this.ofRoutes.get(config);
    if (counted === undefined) {
      counted = new CountedRules(config, this.scope);
      this.ofRoutes.set(config, counted);
    }
    return counted;
  }
}

class CountedRules {
  readonly config: RbacConfig;
  readonly enforced: RuleStats;
  readonly shadow: RuleStats;

  constructor(config: RbacConfig, scope: StatsScope) {
    this.config = config;
    this.enforced = new RuleStats(scope, config.rulesStatPrefix, '');
    this.shadow = new RuleStats(scope, config.shadowStatPrefix, 'shadow_');
  }
}

class RbacFilter implements HttpFilter {
  private readonly rbac: PreparedRbac;
  private readonly stream: FilterStream;

  constructor(rbac: PreparedRbac, stream: FilterStream) {
    this.rbac = rbac;
    this.stream = stream;
  }

  onRequestHeaders(headers: RequestHeaderMap): HeadersStatus {
    const counted = this.rbac.at(this.stream);
    const { rules, shadowRules } = counted.config;
    if (rules === undefined && shadowRules === undefined) return CONTINUE;
    const request = requestOf(this.stream, headers);
    if (shadowRules !== undefined) this.decideShadow(counted, request);
    return rules === undefined ? CONTINUE : this.decide(counted, request, headers);
  }

  private decideShadow({ config, shadow }: CountedRules, request: RbacRequest): void {
    if (config.shadowRules === undefined) return;
    const { allowed, policy } = evaluate(config.shadowRules, request);
    shadow.count(allowed, config.trackPerRule ? policy : undefined);
    this.note(`${config.shadowStatPrefix}shadow_`, allowed, policy);
  }

  private decide({ config, enforced }: CountedRules, request: RbacRequest, headers: RequestHeaderMap): HeadersStatus {
    if (config.rules === undefined) return CONTINUE;
    const { allowed, policy } = evaluate(config.rules, request);
    // LOG lets everything pass and tells access logs what it thinks of the request.
    if (config.rules.action === 'LOG')
      this.stream.info.setDynamicMetadata('envoy.common', { access_log_hint: policy !== undefined });
    enforced.count(allowed, config.trackPerRule ? policy : undefined);
    this.note(`${config.rulesStatPrefix}enforced_`, allowed, policy);
    if (allowed) return CONTINUE;
    this.rbac.denied(this.stream, headers, policy);
    const name = (policy ?? 'none').replace(/\s/g, '_');
    this.stream.reply({
      status: FORBIDDEN,
      body: 'RBAC: access denied',
      details: `rbac_access_denied_matched_policy[${name}]`,
    });
    return STOP;
  }

  /** For filters behind this one, and for access logs. */
  private note(prefix: string, allowed: boolean, policy: string | undefined): void {
    this.stream.info.setDynamicMetadata(FILTER_NAME, {
      ...(policy === undefined ? {} : { [`${prefix}effective_policy_id`]: policy }),
      [`${prefix}engine_result`]: allowed ? 'allowed' : 'denied',
    });
  }
}

function requestOf({ info }: FilterStream, headers: RequestHeaderMap): RbacRequest {
  const { downstream } = info;
  return {
    connection: downstream,
    remoteAddress: info.remoteAddress,
    headers,
    metadata: info.dynamicMetadata,
    filterState: (key) => downstream.filterState?.text(key),
  };
}
