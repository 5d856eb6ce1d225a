import type { Metadata } from '@weft/core-http';
import { FilterChainTable, type ConnectionPredicate, type FilterChainMatch } from '@weft/model-listener';
import type {
  ListenerFacts,
  PreparedListenerFilter,
  PreparedNetworkFilter,
  PreparedReadFilter,
  PreparedTransportSocket,
  PreparedUdpListenerFilter,
  ServerContext,
} from '@weft/proxy-filter-api';
import { DrainManager, type DrainSettings } from './drain-manager.ts';
import type {
  ConnectionLogger,
  DecodedChain,
  DecodedListenerConfig,
  ListenerExtensionFactories,
} from './listener-extensions.ts';

/** What listeners are prepared with. */
export interface PrepareContext {
  readonly server: ServerContext;
  readonly factories: ListenerExtensionFactories;
  readonly drain: DrainSettings;
}

/** A filter chain at work: everything that its connections share. */
export class PreparedChain {
  readonly name: string;
  readonly metadata: Metadata | undefined;
  readonly listenerMetadata: Metadata | undefined;
  readonly match: FilterChainMatch;
  readonly fingerprint: string;
  readonly reads: readonly PreparedReadFilter[];
  /** Undefined: connections are closed at once. */
  readonly terminal: PreparedNetworkFilter | undefined;
  readonly transport: PreparedTransportSocket | undefined;
  readonly transportTimeoutMs: number;
  readonly drain: DrainManager;

  constructor(config: DecodedChain, listener: DecodedListenerConfig, context: PrepareContext) {
    const { server } = context;
    this.name = config.name;
    this.metadata = config.metadata;
    this.listenerMetadata = listener.metadata;
    this.match = config.match;
    this.fingerprint = config.fingerprint;
    this.transportTimeoutMs = config.transportSocketConnectTimeoutMs;
    this.drain = new DrainManager(server, context.drain, listener.drainType === 'MODIFY_ONLY');
    const facts = { ...factsOf(listener, this.drain), ...(config.name === '' ? {} : { chainName: config.name }) };
    const reads: PreparedReadFilter[] = [];
    let terminal: PreparedNetworkFilter | undefined;
    for (const filter of config.filters) {
      if (filter.terminal) terminal = filter.factory.prepare(filter.config, server, facts);
      else reads.push(filter.factory.prepare(filter.config, server, facts));
    }
    this.reads = reads;
    this.terminal = terminal;
    const { transportSocket } = config;
    this.transport = transportSocket?.factory.prepare(transportSocket.config, server, facts);
  }

  /** Everything that has to come before it can serve; empty where nothing has. */
  get pending(): readonly Promise<void>[] {
    return [this.terminal?.pending, this.transport?.pending].filter((pending) => pending !== undefined);
  }

  /** No new connection gets here: drops subscriptions and timers. */
  close(): void {
    this.drain.start();
    for (const filter of this.reads) filter.close();
    this.terminal?.close();
    this.transport?.close();
  }
}

/** A listener filter at work. */
export interface PreparedListenerFilterEntry {
  readonly filter: PreparedListenerFilter;
  readonly disabled: ConnectionPredicate | undefined;
}

/** A listener's configuration, compiled. Replaced whole. */
export interface PreparedListener {
  readonly config: DecodedListenerConfig;
  readonly chains: readonly PreparedChain[];
  readonly defaultChain: PreparedChain | undefined;
  readonly table: FilterChainTable<PreparedChain>;
  readonly filters: readonly PreparedListenerFilterEntry[];
  readonly loggers: readonly ConnectionLogger[];
  /** Of a UDP listener. */
  readonly udpFilter: PreparedUdpListenerFilter | undefined;
}

/**
 * Compiles a listener. Chains of `previous` whose messages are the same are kept as they are, where only chains changed:
 * their connections stay untouched.
 */
export function prepareListener(
  config: DecodedListenerConfig,
  context: PrepareContext,
  previous?: PreparedListener,
): PreparedListener {
  const known = new Map<string, PreparedChain>();
  for (const chain of previous === undefined ? [] : chainsOf(previous)) known.set(chain.fingerprint, chain);
  const prepare = (chain: DecodedChain): PreparedChain =>
    known.get(chain.fingerprint) ?? new PreparedChain(chain, config, context);
  const chains = config.chains.map(prepare);
  const defaultChain = config.defaultChain && prepare(config.defaultChain);
  const facts = factsOf(config, undefined);
  const udp = config.udp?.filter;
  return {
    config,
    chains,
    defaultChain,
    table: new FilterChainTable(chains, defaultChain),
    filters:
      previous?.filters ??
      config.listenerFilters.map(({ filter, disabled }) => ({
        filter: filter.factory.prepare(filter.config, context.server, facts),
        disabled,
      })),
    udpFilter: udp?.factory.prepare(udp.config, context.server, facts),
    loggers: previous?.loggers ?? context.factories.createAccessLogs(config.accessLogs),
  };
}

/** Every chain, the default one last. */
export function chainsOf(listener: PreparedListener): readonly PreparedChain[] {
  return listener.defaultChain === undefined ? listener.chains : [...listener.chains, listener.defaultChain];
}

function factsOf(
  config: DecodedListenerConfig,
  drainDecision: DrainManager | undefined,
): ListenerFacts & { readonly statPrefix: string } {
  const { name, trafficDirection } = config;
  return {
    name,
    trafficDirection,
    statPrefix: `listener.${config.statPrefix}.`,
    ...(drainDecision === undefined ? {} : { drainDecision }),
  };
}
