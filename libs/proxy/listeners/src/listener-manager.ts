import { toBinary } from '@bufbuild/protobuf';
import { registry, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { Listener as ListenerProto } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { Transport } from '@weft/core-bytes';
import type { SocketAddress } from '@weft/core-http';
import { after, type Logger } from '@weft/core-runtime';
import {
  decodeListener,
  listenerAddressText,
  supported as listenerSupport,
  type ListenerAddress,
} from '@weft/model-listener';
import type { InternalListeners, ServerContext, SocketWish } from '@weft/proxy-filter-api';
import type { DrainSettings } from './drain-manager.ts';
import {
  listenerDecoders,
  type DecodedExtensions,
  type DecodedListenerConfig,
  type ListenerExtensionFactories,
} from './listener-extensions.ts';
import { listenerFor } from './listener-for.ts';
import { explainBindError } from './explain-bind-error.ts';
import { Listener, type HandOff } from './listener.ts';
import { ListenerManagerStats } from './listener-manager-stats.ts';
import { prepareListener, type PrepareContext, type PreparedChain } from './prepared-listener.ts';

/** A listener that was decoded without fault, ready to be put to work. */
export interface DecodedListener {
  readonly config: DecodedListenerConfig;
  readonly message: ListenerProto;
  /** The message's bytes: equal bytes are the same listener. */
  readonly bytes: Uint8Array;
}

/** A listener at work, with where it comes from. */
export interface ManagedListener {
  readonly listener: Listener;
  readonly message: ListenerProto;
  readonly bytes: Uint8Array;
  /** The version of the LDS response; undefined for static ones. */
  readonly version: string | undefined;
  readonly updatedMs: number;
}

/**
 * The listeners of a proxy: those of the bootstrap and those of LDS. An update is decoded whole before anything changes, so
 * a faulty one leaves everything as it was.
 */
export class ListenerManager implements HandOff, InternalListeners {
  static readonly supported: FieldSupport = listenerSupport;
  private readonly server: ServerContext;
  private readonly context: PrepareContext;
  private readonly stats: ListenerManagerStats;
  private readonly logger: Logger;
  private readonly active = new Map<string, ManagedListener>();
  private readonly draining = new Set<Listener>();
  private drainingChains = 0;

  constructor(
    server: ServerContext,
    factories: ListenerExtensionFactories,
    drainTimeMs: number,
    strategy: DrainSettings['strategy'] = 'gradual',
  ) {
    this.server = server;
    this.context = { server, factories, drain: { timeMs: drainTimeMs, strategy } };
    this.stats = new ListenerManagerStats(server.stats.scope('listener_manager.'));
    this.logger = server.runtime.loggers.get('config');
  }

  get all(): readonly ManagedListener[] {
    return [...this.active.values()];
  }

  /** Decodes one listener; faults go to `cx`. Nothing is bound or changed. */
  decode(message: ListenerProto, cx: DecodeContext): DecodedListener | undefined {
    const config = decodeListener<DecodedExtensions>(message, cx, listenerDecoders(this.context.factories));
    return config === undefined ? undefined : { config, message, bytes: bytesOf(message) };
  }

  /** Adds the bootstrap's listeners. Rejects when one cannot be bound, with a sentence that says which and why. */
  async addStatic(decoded: readonly DecodedListener[]): Promise<void> {
    for (const listener of decoded) await this.put(listener, undefined);
  }

  /** Makes the LDS listeners be exactly these; static ones stay. Rejects when one cannot be bound: the others are at work. */
  async applyDiscovered(decoded: readonly DecodedListener[], version: string): Promise<void> {
    const wanted = new Set(decoded.map(({ config }) => config.name));
    for (const [name, managed] of this.active)
      if (managed.version !== undefined && !wanted.has(name)) this.remove(name, managed);
    for (const listener of decoded) await this.put(listener, version);
  }

  /**
   * Stops accepting everywhere; open connections finish what they do. `keepIdle`: those that do nothing stay until their next
   * response, so that no request meets a connection that is being closed.
   */
  async stopAll(inboundOnly: boolean, keepIdle = false): Promise<void> {
    for (const [name, managed] of this.active) {
      if (inboundOnly && managed.listener.config.trafficDirection !== 'INBOUND') continue;
      this.active.delete(name);
      this.stats.listenerStopped.inc();
      this.drainAway(managed.listener);
      // The proxy ends: what is idle has no reason to wait.
      if (!keepIdle) managed.listener.drain();
    }
    this.count();
    await Promise.resolve();
  }

  /** Responses of listeners for incoming traffic close their connections, as the drain settings say; they go on accepting. */
  drainInbound(): void {
    for (const { listener } of this.active.values())
      if (listener.config.trafficDirection === 'INBOUND') for (const chain of listener.chains) chain.drain.start();
  }

  /** Resolves when no connection of a stopped listener is left but tunnels, whose ends only their peers know. */
  async drained(): Promise<void> {
    await Promise.all([...this.draining].map((listener) => listener.finished()));
  }

  destroyConnections(): void {
    for (const listener of this.draining) listener.destroyConnections();
    for (const { listener } of this.active.values()) listener.destroyConnections();
  }

  /** The listener for a restored destination: the one of that address, else one of its port on every address. */
  listenerFor(address: SocketAddress): Listener | undefined {
    return listenerFor(
      [...this.active.values()].map(({ listener }) => listener),
      address,
    );
  }

  /** A connection to the internal listener of that name; undefined where there is none. */
  connect(name: string): Transport | undefined {
    const listener = this.active.get(name)?.listener;
    return listener?.config.address.kind === 'internal' ? listener.connectInternally() : undefined;
  }

  private async put(decoded: DecodedListener, version: string | undefined): Promise<void> {
    const { name } = decoded.config;
    const old = this.active.get(name);
    if (old !== undefined && Buffer.compare(old.bytes, decoded.bytes) === 0) return;
    const { message, bytes } = decoded;
    const updatedMs = this.server.runtime.clock.wallMs();
    if (old !== undefined && sameAddresses(old.listener.config, decoded.config)) {
      this.update(old, decoded);
      this.active.set(name, { listener: old.listener, message, bytes, version, updatedMs });
      return;
    }
    const listener = new Listener(prepareListener(decoded.config, this.context), this.server, this);
    if (decoded.config.bindToPort) await this.bind(listener, name);
    this.active.set(name, { listener, message, bytes, version, updatedMs });
    (old === undefined ? this.stats.listenerAdded : this.stats.listenerModified).inc();
    this.stats.listenerCreateSuccess.inc();
    if (old !== undefined) this.drainAway(old.listener);
    this.count();
  }

  /** Where only filter chains changed, connections of those that stay do not notice. */
  private update(old: ManagedListener, decoded: DecodedListener): void {
    const { listener } = old;
    const chainsOnly = onlyChainsDiffer(old.message, decoded.message);
    const prepared = prepareListener(decoded.config, this.context, chainsOnly ? listener.prepared : undefined);
    const gone = listener.replace(prepared);
    this.stats.listenerModified.inc();
    if (chainsOnly) this.stats.listenerInPlaceUpdated.inc();
    this.drainChains(listener, gone);
    this.logger.info(
      `Listener ${decoded.config.name} has a new configuration; connections of ${gone.length} filter chains drain.`,
    );
  }

  private drainChains(listener: Listener, chains: readonly PreparedChain[]): void {
    this.drainingChains += chains.length;
    this.count();
    const limit = after(this.server.runtime.timers, this.context.drain.timeMs, () =>
      listener.destroyConnections(chains),
    );
    void listener.emptied(chains).then(() => {
      limit.cancel();
      this.drainingChains -= chains.length;
      this.count();
    });
  }

  private async bind(listener: Listener, name: string): Promise<void> {
    const address = listenerAddressText(listener.config.address);
    const { sockets } = this.server;
    const wishOf = (wanted: ListenerAddress) => wishFor(listener, wanted);
    try {
      await listener.bind({
        claim: async (wanted) => (await sockets?.claim(wishOf(wanted))) ?? {},
        bound: (wanted, socket) => sockets?.bound(wishOf(wanted), socket),
      });
    } catch (error) {
      this.stats.listenerCreateFailure.inc();
      throw new Error(`cannot listen on ${address} for listener "${name}": ${explainBindError(error)}`, {
        cause: error,
      });
    }
    this.logger.info(`Listener ${name} accepts connections on ${listener.address?.text ?? address}.`);
  }

  private remove(name: string, managed: ManagedListener): void {
    this.active.delete(name);
    this.stats.listenerRemoved.inc();
    this.logger.info(`Listener ${name} is gone from the configuration; it drains.`);
    this.drainAway(managed.listener);
    this.count();
  }

  private drainAway(listener: Listener): void {
    this.draining.add(listener);
    this.count();
    const { address, additionalAddresses } = listener.config;
    for (const each of [address, ...additionalAddresses]) this.server.sockets?.released(wishFor(listener, each));
    listener.stop();
    const limit = after(this.server.runtime.timers, this.context.drain.timeMs, () => listener.destroyConnections());
    void listener.emptied().then(() => {
      limit.cancel();
      this.draining.delete(listener);
      this.count();
    });
  }

  private count(): void {
    this.stats.totalListenersActive.set(this.active.size);
    this.stats.totalListenersDraining.set(this.draining.size);
    this.stats.totalFilterChainsDraining.set(this.drainingChains);
  }
}

function wishFor({ config }: Listener, address: ListenerAddress): SocketWish {
  const text = listenerAddressText(address);
  // The same port of TCP is another one.
  return {
    listener: config.name,
    address: config.protocol === 'UDP' ? `udp://${text}` : text,
    reusePort: config.reusePort,
  };
}

function bytesOf(message: ListenerProto): Uint8Array {
  return toBinary(registry().getMessage(message.$typeName)!, message);
}

function sameAddresses(a: DecodedListenerConfig, b: DecodedListenerConfig): boolean {
  const text = ({ address, additionalAddresses, bindToPort }: DecodedListenerConfig): string =>
    [String(bindToPort), ...[address, ...additionalAddresses].map(listenerAddressText)].join(' ');
  return text(a) === text(b);
}

/** True where everything but the filter chains is the same. */
function onlyChainsDiffer(a: ListenerProto, b: ListenerProto): boolean {
  const rest = (message: ListenerProto): Uint8Array =>
    bytesOf({ ...message, filterChains: [], defaultFilterChain: undefined });
  return Buffer.compare(rest(a), rest(b)) === 0;
}
