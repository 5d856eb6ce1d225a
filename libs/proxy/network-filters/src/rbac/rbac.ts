import type { Message } from '@bufbuild/protobuf';
import type { RBAC } from '@weft/api-envoy/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import { addConnectionMetadata } from '@weft/core-http';
import { ThrottledLog } from '@weft/core-runtime';
import type { Counter } from '@weft/core-stats';
import { evaluate, type RbacRequest } from '@weft/model-rbac';
import {
  CONTINUE,
  STOP,
  type FilteredConnection,
  type NetworkFilter,
  type NetworkFilterStatus,
  type PreparedReadFilter,
  type ReadFilterFactory,
  type ServerContext,
} from '@weft/proxy-filter-api';
import { DelayedClose } from '../delayed-close.ts';
import { decodeRbacFilter, type RbacFilterConfig } from './config.decode.ts';

const FILTER_NAME = 'envoy.filters.network.rbac';

/** The rbac network filter: who may connect to what. */
export const rbacFactory: ReadFilterFactory<RbacFilterConfig> = {
  typeName: 'envoy.extensions.filters.network.rbac.v3.RBAC',
  decode: (message: Message, cx) => decodeRbacFilter(message as RBAC, cx),
  prepare: (config, server) => new PreparedRbac(config, server),
};

class PreparedRbac implements PreparedReadFilter {
  readonly config: RbacFilterConfig;
  readonly server: ServerContext;
  readonly allowed: Counter;
  readonly denied: Counter;
  readonly shadowAllowed: Counter;
  readonly shadowDenied: Counter;
  private log: ThrottledLog | undefined;

  constructor(config: RbacFilterConfig, server: ServerContext) {
    this.config = config;
    this.server = server;
    const { statPrefix, shadowStatPrefix } = config;
    const dot = statPrefix === '' || statPrefix.endsWith('.') ? '' : '.';
    const scope = server.stats.scope(`${statPrefix}${dot}rbac.`);
    this.allowed = scope.counter('allowed');
    this.denied = scope.counter('denied');
    const shadowDot = shadowStatPrefix === '' || shadowStatPrefix.endsWith('.') ? '' : '.';
    this.shadowAllowed = scope.counter(`${shadowStatPrefix}${shadowDot}shadow_allowed`);
    this.shadowDenied = scope.counter(`${shadowStatPrefix}${shadowDot}shadow_denied`);
  }
  deny({ ssl, directRemoteAddress }: FilteredConnection['info'], policy: string | undefined): void {
    this.denied.inc();
    const { loggers, clock } = this.server.runtime;
    this.log ??= new ThrottledLog(loggers.get('rbac'), clock);
    const [identity] = ssl?.peer?.uriSans ?? [];
    const who = `${identity === undefined ? '' : `${identity} at `}${directRemoteAddress.text}`;
    const why = policy === undefined ? 'no policy allows it' : `denied by ${policy}`;
    this.log.warning((more) => `a connection from ${who} is closed: ${why}${more}`);
  }

  create(connection: FilteredConnection): NetworkFilter {
    return new RbacConnection(this, connection);
  }
  close(): void {
    // Nothing runs between connections.
  }
}

/** unasked -> (allowed | denied -> closed); with CONTINUOUS, asked again with each data. */
class RbacConnection implements NetworkFilter {
  private readonly rbac: PreparedRbac;
  private readonly connection: FilteredConnection;
  private asked = false;
  private readonly refusal: DelayedClose;

  constructor(rbac: PreparedRbac, connection: FilteredConnection) {
    this.rbac = rbac;
    this.connection = connection;
    this.refusal = new DelayedClose(connection, 'rbac_deny_close');
  }

  onData(): NetworkFilterStatus {
    const { config, server, allowed } = this.rbac;
    if (this.asked && !config.continuous) return CONTINUE;
    this.asked = true;
    this.decideShadow();
    if (config.rules === undefined) return CONTINUE;
    const decision = evaluate(config.rules, this.request);
    if (decision.allowed) {
      allowed.inc();
      return CONTINUE;
    }
    this.rbac.deny(this.connection.info, decision.policy);
    this.connection.info.terminationDetails ??= `rbac_access_denied_matched_policy[${decision.policy ?? 'none'}]`;
    this.refusal.start(config.delayDenyMs, server);
    return STOP;
  }
  onClose(): void {
    this.refusal.cancel();
  }

  /** Counted, and noted for filters behind this one. */
  private decideShadow(): void {
    const { config, shadowAllowed, shadowDenied } = this.rbac;
    if (config.shadowRules === undefined) return;
    const { allowed, policy } = evaluate(config.shadowRules, this.request);
    (allowed ? shadowAllowed : shadowDenied).inc();
    const prefix = `${config.shadowStatPrefix}shadow_`;
    addConnectionMetadata(this.connection.info, FILTER_NAME, {
      ...(policy === undefined ? {} : { [`${prefix}effective_policy_id`]: policy }),
      [`${prefix}engine_result`]: allowed ? 'allowed' : 'denied',
    });
  }

  private get request(): RbacRequest {
    const { info, filterState } = this.connection;
    return {
      connection: info,
      remoteAddress: info.remoteAddress ?? info.directRemoteAddress,
      metadata: info.metadata,
      filterState: (key) => filterState.text(key),
    };
  }
}
