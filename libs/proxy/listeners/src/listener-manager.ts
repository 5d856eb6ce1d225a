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
import {
  chainsOf,
  prepareListener,
  type PrepareContext,
  type PreparedChain,
  type PreparedListener,
} from './prepared-listener.ts';
import { tryAddresses } from './try-addresses.ts';

/** A listener that was decoded without fault, ready to be put to work. */
export interface DecodedListener {
  /** Its own, where it has one: that of the whole response does not tell when it changed. */
  readonly version?: string;
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

/** What one LDS update changes. */
export interface DiscoveredListeners {
  readonly added: readonly DecodedListener[];
  readonly removed: readonly string[];
  readonly version: string;
}

/** A listener that is not at work yet: it waits for its routes and secrets. */
export type WarmingListener = Omit<ManagedListener, 'listener'>;

interface Coming extends WarmingListener {
  readonly prepared: PreparedListener;
  readonly pending: readonly Promise<void>[];
  /** Resolves when it serves, or is no longer wanted. */
  done: Promise<void> | undefined;
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
  private readonly warmingEntries = new Map<string, Coming>();
  /** Those whose addresses are being opened. */
  private readonly binding = new Map<string, PreparedListener>();
  private readonly draining = new Map<Listener, ManagedListener>();
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

  /** Those that wait for their routes and secrets. */
  get allWarming(): readonly WarmingListener[] {
    return [...this.warmingEntries.values()];
  }

  /** Those that are gone or replaced, and still have connections. */
  get allDraining(): readonly ManagedListener[] {
    return [...this.draining.values()];
  }

  /** Decodes one listener; faults go to `cx`. Nothing is bound or changed. */
  decode(message: ListenerProto, cx: DecodeContext): DecodedListener | undefined {
    const config = decodeListener<DecodedExtensions>(message, cx, listenerDecoders(this.context.factories));
    return config === undefined ? undefined : { config, message, bytes: bytesOf(message) };
  }

  /**
   * Adds the bootstrap's listeners, each as soon as its routes and secrets have come. Rejects when one cannot be bound, with a
   * sentence that says which and why.
   */
  async addStatic(decoded: readonly DecodedListener[]): Promise<void> {
    for (const listener of decoded) await this.put(listener, undefined);
    await Promise.all([...this.warmingEntries.values()].map(({ done }) => done));
  }

  /**
   * Takes in what LDS changed; static listeners stay. What cannot be bound is refused: its name with the reason, and what was
   * there before it serves on. Does not wait for listeners that wait for their routes and secrets.
   */
  async applyDiscovered({ added, removed, version }: DiscoveredListeners): Promise<ReadonlyMap<string, string>> {
    const refused = new Map<string, string>();
    for (const listener of added)
      try {
        await this.put(listener, listener.version ?? version);
      } catch (error) {
        refused.set(listener.config.name, (error as Error).message);
      }
    for (const name of removed) {
      this.dropWarming(name);
      const managed = this.active.get(name);
      if (managed?.version !== undefined) this.remove(name, managed);
    }
    this.count();
    return refused;
  }

  /**
   * Stops accepting everywhere; open connections finish what they do. `keepIdle`: those that do nothing stay until their next
   * response, so that no request meets a connection that is being closed.
   */
  async stopAll(inboundOnly: boolean, keepIdle = false): Promise<void> {
    if (!inboundOnly)
      for (const name of [...this.warmingEntries.keys(), ...this.binding.keys()]) this.dropWarming(name);
    for (const [name, managed] of this.active) {
      if (inboundOnly && managed.listener.config.trafficDirection !== 'INBOUND') continue;
      this.active.delete(name);
      this.stats.listenerStopped.inc();
      this.drainAway(managed);
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
    await Promise.all([...this.draining.keys()].map((listener) => listener.finished()));
  }

  destroyConnections(): void {
    for (const listener of this.draining.keys()) listener.destroyConnections();
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
    // As in Envoy, what the bootstrap says of a name holds against discovery.
    if (old !== undefined && old.version === undefined && version !== undefined) return;
    const newest = this.warmingEntries.get(name) ?? old;
    if (newest !== undefined && Buffer.compare(newest.bytes, decoded.bytes) === 0) return;
    if (old !== undefined && Buffer.compare(old.bytes, decoded.bytes) === 0) return this.dropWarming(name);
    // Before the one that waits goes: what both ask for is not asked for anew.
    const coming = this.prepare(decoded, version, old);
    this.dropWarming(name);
    if (coming.pending.length === 0) return this.activate(coming);
    await this.tryBinding(coming);
    (old === undefined ? this.stats.listenerAdded : this.stats.listenerModified).inc();
    this.warmingEntries.set(name, coming);
    this.count();
    coming.done = Promise.all(coming.pending).then(async () => {
      if (this.warmingEntries.get(name) !== coming) return;
      this.warmingEntries.delete(name);
      await this.activate(coming, true);
    });
    // Static ones are waited for, and tell it there; nobody waits for the others.
    coming.done.catch((error: unknown) => {
      if (version !== undefined) this.logger.error((error as Error).message);
    });
  }

  private prepare(decoded: DecodedListener, version: string | undefined, old: ManagedListener | undefined): Coming {
    const { message, bytes } = decoded;
    const inPlace = old !== undefined && sameAddresses(old.listener.config, decoded.config);
    const chainsOnly = inPlace && onlyChainsDiffer(old.message, message);
    const prepared = prepareListener(decoded.config, this.context, chainsOnly ? old.listener.prepared : undefined);
    const pending = chainsOf(prepared).flatMap((chain) => chain.pending);
    return {
      message,
      bytes,
      version,
      updatedMs: this.server.runtime.clock.wallMs(),
      prepared,
      pending,
      done: undefined,
    };
  }

  /** `counted`: it was counted when it began to wait. */
  private async activate(coming: Coming, counted = false): Promise<void> {
    const { prepared, message, bytes, version } = coming;
    const { name } = prepared.config;
    const updatedMs = this.server.runtime.clock.wallMs();
    const old = this.active.get(name);
    if (old !== undefined && sameAddresses(old.listener.config, prepared.config)) {
      this.update(old, coming, counted);
      this.active.set(name, { listener: old.listener, message, bytes, version, updatedMs });
      this.count();
      return;
    }
    const listener = new Listener(prepared, this.server, this);
    if (prepared.config.bindToPort) {
      this.binding.set(name, prepared);
      try {
        await this.bind(listener, name);
      } catch (error) {
        this.close(prepared);
        throw error;
      }
      // Removed or replaced meanwhile: nobody would ever take it away again.
      if (this.binding.get(name) !== prepared) return this.drainAway({ listener, message, bytes, version, updatedMs });
      this.binding.delete(name);
    }
    this.active.set(name, { listener, message, bytes, version, updatedMs });
    if (!counted) (old === undefined ? this.stats.listenerAdded : this.stats.listenerModified).inc();
    this.stats.listenerCreateSuccess.inc();
    if (old !== undefined) this.drainAway(old);
    this.count();
  }

  /** Where only filter chains changed, connections of those that stay do not notice. */
  private update({ listener, message }: ManagedListener, coming: Coming, counted: boolean): void {
    const gone = listener.replace(coming.prepared);
    if (!counted) this.stats.listenerModified.inc();
    if (onlyChainsDiffer(message, coming.message)) this.stats.listenerInPlaceUpdated.inc();
    this.drainChains(listener, gone);
    this.logger.info(
      `Listener ${listener.config.name} has a new configuration; connections of ${gone.length} filter chains drain.`,
    );
  }

  /** A newer configuration, or none, is wanted under this name. */
  private dropWarming(name: string): void {
    this.binding.delete(name);
    const coming = this.warmingEntries.get(name);
    if (coming === undefined) return;
    this.warmingEntries.delete(name);
    this.close(coming.prepared);
  }

  /** Of a configuration that never served: what it shares with the one that does stays. */
  private close(prepared: PreparedListener): void {
    const serving = this.active.get(prepared.config.name)?.listener.prepared;
    const shared = new Set(serving === undefined ? [] : chainsOf(serving));
    for (const chain of chainsOf(prepared)) if (!shared.has(chain)) chain.close();
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

  /** Of a listener that waits before it binds: an address that is taken refuses it now. */
  private async tryBinding({ prepared }: Coming): Promise<void> {
    const { config } = prepared;
    if (!config.bindToPort || this.server.sockets?.alone === false) return;
    const ours = [...this.active.values()].flatMap(({ listener }) => addressesOf(listener.config));
    if (addressesOf(config).some((address) => ours.includes(address))) return;
    try {
      await tryAddresses(prepared, this.server);
    } catch (error) {
      this.close(prepared);
      throw this.cannotListen(config, error);
    }
  }

  private cannotListen({ name, address }: DecodedListenerConfig, error: unknown): Error {
    this.stats.listenerCreateFailure.inc();
    const reason = explainBindError(error);
    return new Error(`cannot listen on ${listenerAddressText(address)} for listener "${name}": ${reason}`, {
      cause: error,
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
      throw this.cannotListen(listener.config, error);
    }
    this.logger.info(`Listener ${name} accepts connections on ${listener.address?.text ?? address}.`);
  }

  private remove(name: string, managed: ManagedListener): void {
    this.active.delete(name);
    this.stats.listenerRemoved.inc();
    this.logger.info(`Listener ${name} is gone from the configuration; it drains.`);
    this.drainAway(managed);
    this.count();
  }

  private drainAway(managed: ManagedListener): void {
    const { listener } = managed;
    this.draining.set(listener, managed);
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
    this.stats.totalListenersWarming.set(this.warmingEntries.size);
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
  const text = (config: DecodedListenerConfig): string => [String(config.bindToPort), ...addressesOf(config)].join(' ');
  return text(a) === text(b);
}

function addressesOf({ address, additionalAddresses }: DecodedListenerConfig): string[] {
  return [address, ...additionalAddresses].map(listenerAddressText);
}

/** True where everything but the filter chains is the same. */
function onlyChainsDiffer(a: ListenerProto, b: ListenerProto): boolean {
  const rest = (message: ListenerProto): Uint8Array =>
    bytesOf({ ...message, filterChains: [], defaultFilterChain: undefined });
  return Buffer.compare(rest(a), rest(b)) === 0;
}
