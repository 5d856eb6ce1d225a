import type { GrpcChannel } from '@weft/core-grpc';
import { addConnectionMetadata, ResponseFlag } from '@weft/core-http';
import {
  CHECK_FAILED,
  chosenMetadata,
  destinationOf,
  GrpcCheck,
  loadMessages,
  sniOf,
  sourceOf,
  stringLabels,
  type Check,
  type CheckAttributes,
  type CheckOutcome,
  type CheckReceiver,
} from '@weft/proxy-ext-authz';
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
import { decodeExtAuthz, EXT_AUTHZ_TYPE, type ExtAuthzConfig } from './config.decode.ts';
import { ExtAuthzStats } from './stats.ts';

const NAMESPACE = 'envoy.filters.network.ext_authz';

/** The ext_authz network filter: a service decides who may connect. */
export const extAuthzFactory: ReadFilterFactory<ExtAuthzConfig> = {
  typeName: EXT_AUTHZ_TYPE,
  decode: decodeExtAuthz,
  prepare: (config, server) => new PreparedExtAuthz(config, server),
};

class PreparedExtAuthz implements PreparedReadFilter {
  readonly config: ExtAuthzConfig;
  readonly server: ServerContext;
  readonly stats: ExtAuthzStats;
  readonly channel: GrpcChannel | undefined;
  readonly labels: Readonly<Record<string, string>>;

  constructor(config: ExtAuthzConfig, server: ServerContext) {
    this.config = config;
    this.server = server;
    this.stats = new ExtAuthzStats(server.stats.scope(`ext_authz.${config.statPrefix}.`));
    loadMessages();
    this.channel = config.service && server.grpcChannel?.(config.service);
    this.labels = stringLabels(server.node?.metadata, config.labelsKey);
  }
  create(connection: FilteredConnection): NetworkFilter {
    return new ExtAuthzConnection(this, connection);
  }
  close(): void {
    // Connections that are asked about are still told.
  }
}

/** unasked -> asking -> (allowed | closed). Asks with the first bytes, when the most is known. */
class ExtAuthzConnection implements NetworkFilter, CheckReceiver {
  private readonly filter: PreparedExtAuthz;
  private readonly connection: FilteredConnection;
  private state: 'unasked' | 'asking' | 'allowed' | 'closed' = 'unasked';
  private check: Check | undefined;
  private askedMs = 0;

  constructor(filter: PreparedExtAuthz, connection: FilteredConnection) {
    this.filter = filter;
    this.connection = connection;
  }

  onData(): NetworkFilterStatus {
    const { config, stats } = this.filter;
    if (config.enabledMetadata?.matches(this.connection.info.metadata) === false) {
      stats.disabled.inc();
      return CONTINUE;
    }
    if (this.state === 'unasked') this.ask();
    return this.state === 'allowed' ? CONTINUE : STOP;
  }

  onClose(): void {
    if (this.state !== 'asking') return;
    this.state = 'closed';
    this.filter.stats.active.dec();
    this.check?.cancel();
  }

  private ask(): void {
    const { config, server, stats, channel } = this.filter;
    this.state = 'asking';
    this.askedMs = server.runtime.clock.nowMs();
    stats.active.inc();
    stats.total.inc();
    if (channel === undefined) this.onChecked(CHECK_FAILED);
    else this.check = new GrpcCheck({ channel, timeoutMs: config.timeoutMs }, this.attributes, this);
  }

  private get attributes(): CheckAttributes {
    const { config, labels } = this.filter;
    const { info } = this.connection;
    return {
      source: sourceOf(info, '', config.includePeerCertificate),
      destination: destinationOf(info, info.requestedServerName, labels),
      request: undefined,
      contextExtensions: {},
      metadata: chosenMetadata(config.metadataNamespaces, info.metadata),
      routeMetadata: undefined,
      sni: config.includeTlsSession ? sniOf(info) : undefined,
    };
  }

  onChecked(outcome: CheckOutcome): void {
    if (this.state !== 'asking') return;
    const { config, stats } = this.filter;
    stats.active.dec();
    if (outcome.kind === 'ok') stats.ok.inc();
    else if (outcome.kind === 'denied') stats.denied.inc();
    else stats.error.inc();
    this.noteMetadata(outcome);
    if (outcome.kind === 'denied' || (outcome.kind === 'error' && !config.failureModeAllow)) {
      this.close(outcome.kind);
      return;
    }
    this.state = 'allowed';
    if (outcome.kind === 'error') stats.failureModeAllowed.inc();
    this.connection.continueReading();
  }

  private close(kind: 'denied' | 'error'): void {
    this.state = 'closed';
    this.filter.stats.cxClosed.inc();
    const flags = ResponseFlag.UnauthorizedExternalService;
    this.connection.info.refusal = { flags, details: kind === 'denied' ? 'ext_authz_denied' : 'ext_authz_error' };
    // The refusal says it all: as in Envoy, there are no details of the connection's end beside it.
    this.connection.close('', false);
  }

  private noteMetadata({ kind, dynamicMetadata }: CheckOutcome): void {
    const elapsedMs = Math.floor(this.filter.server.runtime.clock.nowMs() - this.askedMs);
    const duration = kind === 'ok' ? { ext_authz_duration: elapsedMs } : {};
    const values = { ...dynamicMetadata, ...duration };
    if (Object.keys(values).length > 0) addConnectionMetadata(this.connection.info, NAMESPACE, values);
  }
}
