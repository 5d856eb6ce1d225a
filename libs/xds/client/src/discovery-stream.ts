import type { GrpcCall, GrpcChannel, GrpcReceiver, GrpcStatus } from '@weft/core-grpc';
import { grpcStatusName } from '@weft/core-grpc';
import { after, type Logger, type Runtime, type Timer } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { AdsConfig, GrpcService } from '@weft/model-config-source';
import { BackOff } from './back-off.ts';
import { ControlPlaneStats } from './control-plane-stats.ts';
import { RequestLimit } from './request-limit.ts';
import type { ResourceSource } from './resource-source.ts';
import { TypeChannel, type TypeChannelOwner } from './type-channel.ts';
import type { WireProtocol } from './wire-protocol.ts';

/** Gives the channel of a server. */
export type GrpcChannels = (service: GrpcService) => GrpcChannel;

export interface DiscoveryStreamOptions {
  /** For logs: `ads`. */
  readonly label: string;
  readonly config: AdsConfig;
  readonly protocol: WireProtocol;
  /** Undefined: the aggregated stream. */
  readonly typeName: string | undefined;
  /** The fields of the Node. */
  readonly node: object;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
  readonly stats: StatsScope;
}

/** Disconnected -> Connecting; Connecting -> (Open | Backoff); Open -> Backoff; Backoff -> Connecting; any -> Closed. */
type State = 'Disconnected' | 'Connecting' | 'Open' | 'Backoff' | 'Closed';

/** What waits while a response of a type is applied: its watchers subscribe one by one, the server hears of all at once. */
const HELD: Readonly<Record<string, readonly string[]>> = {
  'envoy.config.cluster.v3.Cluster': [
    'envoy.config.endpoint.v3.ClusterLoadAssignment',
    'envoy.extensions.transport_sockets.tls.v3.Secret',
  ],
  'envoy.config.listener.v3.Listener': [
    'envoy.config.route.v3.RouteConfiguration',
    'envoy.config.route.v3.ScopedRouteConfiguration',
    'envoy.config.core.v3.TypedExtensionConfig',
    'envoy.extensions.transport_sockets.tls.v3.Secret',
  ],
  'envoy.config.route.v3.ScopedRouteConfiguration': ['envoy.config.route.v3.RouteConfiguration'],
};

const URL_PREFIX = 'type.googleapis.com/';

/** One stream to a control plane, kept up: what it brought stays in force while the server is away. */
export class DiscoveryStream implements ResourceSource, GrpcReceiver, TypeChannelOwner {
  private readonly options: DiscoveryStreamOptions;
  private readonly logger: Logger;
  private readonly stats: ControlPlaneStats;
  private readonly backOff: BackOff;
  private readonly limit: RequestLimit;
  private readonly byUrl = new Map<string, TypeChannel>();
  private readonly ignored = new Set<string>();
  private state: State = 'Disconnected';
  private channel: GrpcChannel | undefined;
  private call: GrpcCall | undefined;
  private timer: Timer | undefined;
  private limited: Timer | undefined;
  private service = 0;
  private nodeSent = false;
  private scheduled = false;
  /** The server takes no more for now. */
  private blocked = false;
  private controlPlane = '';

  constructor(options: DiscoveryStreamOptions) {
    this.options = options;
    const { runtime, stats, config } = options;
    this.logger = runtime.loggers.get('config');
    this.stats = new ControlPlaneStats(stats);
    this.backOff = new BackOff(runtime.random);
    this.limit = new RequestLimit(config.rateLimit, runtime.clock);
  }

  /** The channel of a type, made when it is first asked for. */
  type(typeName: string): TypeChannel {
    const typeUrl = URL_PREFIX + typeName;
    const known = this.byUrl.get(typeUrl);
    if (known !== undefined) return known;
    const { protocol, runtime } = this.options;
    const channel = new TypeChannel(typeUrl, { protocol, runtime }, this);
    this.byUrl.set(typeUrl, channel);
    return channel;
  }

  get types(): Iterable<TypeChannel> {
    return this.byUrl.values();
  }
  get identifier(): string {
    return this.controlPlane;
  }
  get connected(): boolean {
    return this.state === 'Open';
  }
  get idle(): boolean {
    return [...this.byUrl.values()].every(({ table }) => table.empty);
  }

  start(): void {
    if (this.state === 'Disconnected') this.connect();
  }

  close(): void {
    if (this.state === 'Closed') return;
    this.state = 'Closed';
    this.timer?.cancel();
    this.limited?.cancel();
    this.call?.cancel();
    this.channel?.close();
    this.stats.connectedState.set(0);
    for (const channel of this.byUrl.values()) channel.close();
  }

  onRequest(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // What is asked for in one go of the program is one request.
    queueMicrotask(() => {
      this.scheduled = false;
      this.drain();
    });
  }

  onApply(channel: TypeChannel, begins: boolean): void {
    for (const typeName of HELD[channel.table.typeName] ?? []) this.pause(typeName, begins ? 1 : -1);
    // The answer goes before what was held.
    if (!begins) this.send(channel);
  }

  /** What arrives meanwhile is applied. */
  pause(typeName: string, by: number): void {
    const channel = this.type(typeName);
    channel.paused += by;
    if (channel.paused === 0) this.onRequest();
  }

  onMessage(octets: Uint8Array): void {
    const response = this.options.protocol.decode(octets);
    if (response === undefined) {
      this.fail('sent what is no discovery response', true);
      return;
    }
    this.opened(response.controlPlane);
    const { typeUrl } = response;
    const channel = this.byUrl.get(typeUrl || URL_PREFIX + (this.options.typeName ?? ''));
    if (channel === undefined) {
      if (!this.ignored.has(typeUrl))
        this.logger.warning(`${this.options.label}: ignores ${typeUrl}, which nobody subscribes to.`);
      this.ignored.add(typeUrl);
      return;
    }
    for (const { name, message } of response.errors)
      this.logger.warning(`${this.options.label}: the server cannot give ${typeUrl} "${name}": ${message}`);
    void channel.receive(response);
  }

  onDrain(): void {
    this.blocked = false;
    this.drain();
  }

  onEnd(status: GrpcStatus): void {
    this.call = undefined;
    this.fail(`ended with ${grpcStatusName(status.code)}: ${status.message || 'no reason given'}`, false);
  }

  private connect(): void {
    const { config, channels, protocol, typeName } = this.options;
    this.state = 'Connecting';
    this.nodeSent = false;
    this.blocked = false;
    const service = config.grpcServices[this.service % config.grpcServices.length]!;
    this.channel ??= channels(service);
    this.call = this.channel.call(protocol.method(typeName) ?? '', this, { metadata: service.initialMetadata });
    for (const channel of this.byUrl.values()) channel.reset();
    this.onRequest();
  }

  private opened(controlPlane: string): void {
    this.backOff.reset();
    if (controlPlane !== '') {
      this.controlPlane = controlPlane;
      this.stats.identifier.set(controlPlane);
    }
    if (this.state === 'Open') return;
    this.state = 'Open';
    this.stats.connectedState.set(1);
    this.logger.info(`${this.options.label}: connected to the control plane${controlPlane && ` ${controlPlane}`}.`);
  }

  private fail(what: string, cancel: boolean): void {
    if (this.state === 'Closed') return;
    if (cancel) this.call?.cancel();
    this.call = undefined;
    const { label, config, runtime } = this.options;
    if (this.state !== 'Open' && config.grpcServices.length > 1) {
      this.service += 1;
      this.channel?.close();
      this.channel = undefined;
    }
    const delayMs = this.backOff.draw();
    this.state = 'Backoff';
    this.stats.connectedState.set(0);
    for (const { table } of this.byUrl.values()) for (const watch of table.all) watch.stats.failed();
    this.logger.warning(
      `${label}: the stream to the control plane ${what}. What is in force stays; the next attempt is in ${delayMs} ms.`,
    );
    this.timer = after(runtime.timers, delayMs, () => this.connect());
  }

  private drain(): void {
    for (const channel of this.byUrl.values()) {
      this.send(channel);
      if (this.limited !== undefined || this.blocked) break;
    }
    let pending = 0;
    for (const channel of this.byUrl.values()) if (channel.ready) pending += 1;
    this.stats.pendingRequests.set(pending);
  }

  private send(channel: TypeChannel): void {
    while (this.call !== undefined && !this.blocked && this.limited === undefined && channel.ready) {
      const waitMs = this.limit.take();
      if (waitMs > 0) {
        this.stats.rateLimitEnforced.inc();
        this.limited = after(this.options.runtime.timers, waitMs, () => {
          this.limited = undefined;
          this.drain();
        });
        return;
      }
      const { config, node } = this.options;
      const octets = channel.next(this.nodeSent && config.setNodeOnFirstMessageOnly ? undefined : node);
      if (octets === undefined) return;
      this.nodeSent = true;
      this.blocked = !this.call.send(octets);
    }
  }
}
