import { toBinary, type Message } from '@bufbuild/protobuf';
import { registry, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { Listener as ListenerProto } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { Any } from '@bufbuild/protobuf/wkt';
import { after, type Logger } from '@weft/core-runtime';
import {
  decodeListener,
  listenerAddressText,
  supported as listenerSupport,
  type ListenerConfig,
} from '@weft/model-listener';
import type { NetworkFilterFactory, PreparedNetworkFilter, ServerContext } from '@weft/proxy-filter-api';
import { Listener } from './listener.ts';
import { ListenerManagerStats } from './listener-manager-stats.ts';

/** A terminal network filter, decoded and not yet prepared. */
interface DecodedFilter {
  readonly factory: NetworkFilterFactory<unknown>;
  readonly config: unknown;
}

/** A listener that was decoded without fault, ready to be put to work. */
export interface DecodedListener {
  readonly config: ListenerConfig<DecodedFilter>;
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
export class ListenerManager {
  static readonly supported: FieldSupport = listenerSupport;
  private readonly server: ServerContext;
  private readonly factories: readonly NetworkFilterFactory<unknown>[];
  private readonly drainTimeMs: number;
  private readonly stats: ListenerManagerStats;
  private readonly logger: Logger;
  private readonly active = new Map<string, ManagedListener>();
  private readonly draining = new Set<Listener>();

  constructor(server: ServerContext, factories: readonly NetworkFilterFactory<unknown>[], drainTimeMs: number) {
    this.server = server;
    this.factories = factories;
    this.drainTimeMs = drainTimeMs;
    this.stats = new ListenerManagerStats(server.stats.scope('listener_manager.'));
    this.logger = server.runtime.loggers.get('config');
  }

  get all(): readonly ManagedListener[] {
    return [...this.active.values()];
  }

  /** Decodes one listener; faults go to `cx`. Nothing is bound or changed. */
  decode(message: ListenerProto, cx: DecodeContext): DecodedListener | undefined {
    const config = decodeListener<DecodedFilter>(message, cx, (place, any) => this.decodeFilter(place, any));
    if (config === undefined) return undefined;
    return { config, message, bytes: toBinary(registry().getMessage(message.$typeName)!, message) };
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

  /** Stops accepting everywhere; open connections finish what they do. */
  async stopAll(inboundOnly: boolean): Promise<void> {
    for (const [name, managed] of this.active) {
      if (inboundOnly && managed.listener.config.trafficDirection !== 'INBOUND') continue;
      this.active.delete(name);
      this.stats.listenerStopped.inc();
      this.drainAway(managed.listener);
    }
    this.count();
    await Promise.resolve();
  }

  /** Resolves when no connection of a stopped listener is left but tunnels, whose ends only their peers know. */
  async drained(): Promise<void> {
    await Promise.all([...this.draining].map((listener) => listener.finished()));
  }

  destroyConnections(): void {
    for (const listener of this.draining) listener.destroyConnections();
    for (const { listener } of this.active.values()) listener.destroyConnections();
  }

  private async put(decoded: DecodedListener, version: string | undefined): Promise<void> {
    const { name } = decoded.config;
    const old = this.active.get(name);
    if (old !== undefined && Buffer.compare(old.bytes, decoded.bytes) === 0) return;
    const config = this.prepare(decoded.config);
    const { message, bytes } = decoded;
    const updatedMs = this.server.runtime.clock.wallMs();
    if (old !== undefined && listenerAddressText(old.listener.config.address) === listenerAddressText(config.address)) {
      old.listener.replace(config);
      this.active.set(name, { listener: old.listener, message, bytes, version, updatedMs });
      this.stats.listenerModified.inc();
      this.stats.listenerInPlaceUpdated.inc();
      this.logger.info(`Listener ${name} has a new configuration; open connections close after their next response.`);
      return;
    }
    const listener = new Listener(config, this.server.runtime, this.server.stats);
    if (config.bindToPort) await this.bind(listener, name);
    this.active.set(name, { listener, message, bytes, version, updatedMs });
    (old === undefined ? this.stats.listenerAdded : this.stats.listenerModified).inc();
    this.stats.listenerCreateSuccess.inc();
    if (old !== undefined) this.drainAway(old.listener);
    this.count();
  }

  private async bind(listener: Listener, name: string): Promise<void> {
    const address = listenerAddressText(listener.config.address);
    const { sockets } = this.server;
    const wish = { listener: name, address, reusePort: listener.config.reusePort };
    try {
      await listener.bind(await sockets?.claim(wish));
      sockets?.bound(wish, { port: listener.address?.port ?? 0, fd: listener.fd });
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
    const { name, address, reusePort } = listener.config;
    this.server.sockets?.released({ listener: name, address: listenerAddressText(address), reusePort });
    void listener.stop();
    const { timers } = this.server.runtime;
    const limit = after(timers, this.drainTimeMs, () => listener.destroyConnections());
    void listener.drain().then(() => {
      limit.cancel();
      this.draining.delete(listener);
      this.count();
    });
  }

  private prepare(config: ListenerConfig<DecodedFilter>): ListenerConfig<PreparedNetworkFilter> {
    const chain = (decoded: (typeof config.chains)[number]) => ({
      ...decoded,
      filter: decoded.filter.factory.prepare(decoded.filter.config, this.server, config),
    });
    return {
      ...config,
      chains: config.chains.map(chain),
      defaultChain: config.defaultChain === undefined ? undefined : chain(config.defaultChain),
    };
  }

  private decodeFilter(cx: DecodeContext, any: Any | undefined): DecodedFilter | undefined {
    const message: Message | undefined = cx.unpack(any);
    if (message === undefined) return undefined;
    const factory = this.factories.find((candidate) => candidate.typeName === message.$typeName);
    if (factory === undefined) {
      const known = this.factories.map((candidate) => candidate.typeName).join(', ');
      cx.later(`the filter ${message.$typeName}`, { expected: `one of: ${known}` });
      return undefined;
    }
    const config = factory.decode(message, cx);
    return config === undefined ? undefined : { factory, config };
  }

  private count(): void {
    this.stats.totalListenersActive.set(this.active.size);
    this.stats.totalListenersDraining.set(this.draining.size);
  }
}

function explainBindError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'another process uses this port. Stop it, or choose another port';
  if (code === 'EACCES') return 'ports below 1024 need root (or CAP_NET_BIND_SERVICE)';
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have that address';
  return message;
}
