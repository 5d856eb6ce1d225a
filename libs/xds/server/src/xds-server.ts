import type { GrpcHandler, GrpcServerCall, GrpcServices } from '@weft/core-grpc';
import type { Logger, Runtime } from '@weft/core-runtime';
import { BulkGate } from './bulk-gate.ts';
import { fetchHandler, restDiscovery, type RestRequest, type RestResponse } from './fetch.ts';
import { NamePool } from './name-list.ts';
import type { XdsNode } from './node.ts';
import { PollingNodes } from './polling-nodes.ts';
import type { ProxyStatus } from './proxy-status.ts';
import { ProxyStream, type StreamForm } from './proxy-stream.ts';
import { PushQueue } from './push-queue.ts';
import { NO_METRICS, SERVER_METRIC, type ServerMetrics } from './server-metrics.ts';
import type { SnapshotCache } from './snapshot-cache.ts';
import type { Caller, ServedStream, StreamContext } from './stream-context.ts';
import { TYPE_URL } from './type-urls.ts';
import { AGGREGATED_SERVICE, DISCOVERY_SERVICES, VIRTUAL_HOSTS_METHOD } from './xds-services.ts';

/** A stream that a proxy opened. */
export interface OpenedStream {
  readonly id: string;
  /** DER; undefined where the caller showed none. */
  readonly peerCertificate: Uint8Array | undefined;
  /** `rest`: there is no stream, the proxy fetches. */
  readonly protocol: ProxyStatus['protocol'];
}

/** What the control plane hears of its proxies. */
export interface XdsServerOwner {
  /**
   * A stream wants configuration, before it gets any. Returns why it may not have it, in words for the caller, or undefined.
   * Default: everybody may.
   */
  admit?(caller: Caller): string | undefined;
  /** True: the caller gets no resources of the type, and waits for them. Default: everybody who is admitted gets all. */
  withholds?(caller: Caller, typeUrl: string): boolean;
  /** A proxy has named itself on a new stream. A snapshot that is set now is the first that it gets. */
  onConnected?(node: XdsNode, stream: OpenedStream): void;
  onDisconnected?(node: XdsNode, connectionId: string): void;
  /**
   * A proxy asked for resources that its snapshot lacks. True: they will be made, or are in the cache already, and the proxy
   * waits for the snapshot that has them; false, the default: a delta proxy is told that they do not exist.
   */
  onDemand?(node: XdsNode, typeUrl: string, names: readonly string[]): boolean;
}

export interface XdsServerOptions {
  readonly cache: SnapshotCache;
  readonly runtime: Runtime;
  readonly owner?: XdsServerOwner;
  readonly metrics?: ServerMetrics;
  /** Told to proxies with each response. Default: `weft`. */
  readonly identifier?: string;
  /** Pushes between two turns of the event loop. Default: 100. */
  readonly pushConcurrency?: number;
  /** How long routes wait for a proxy to ask for the endpoints of its new clusters, in milliseconds. Default: 5,000. */
  readonly endpointPatienceMs?: number;
}

const ENDPOINT_PATIENCE_MS = 5000;

/** The discovery services over one cache: `services` is given to whatever serves gRPC. */
export class XdsServer implements StreamContext {
  readonly services: GrpcServices;
  readonly cache: SnapshotCache;
  readonly queue: PushQueue;
  readonly bulk: BulkGate;
  readonly names = new NamePool();
  readonly clock: Runtime['clock'];
  readonly timers: Runtime['timers'];
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly identifier: string;
  readonly endpointPatienceMs: number;
  /** Nodes that fetch. */
  readonly polling: PollingNodes;
  private readonly owner: XdsServerOwner;
  private readonly streams = new Map<ServedStream, XdsNode | undefined>();
  private ids = 0;

  constructor(options: XdsServerOptions) {
    const { runtime, metrics = NO_METRICS, pushConcurrency } = options;
    this.cache = options.cache;
    this.owner = options.owner ?? {};
    this.metrics = metrics;
    this.clock = runtime.clock;
    this.timers = runtime.timers;
    this.logger = runtime.loggers.get('xds');
    this.identifier = options.identifier ?? 'weft';
    this.endpointPatienceMs = options.endpointPatienceMs ?? ENDPOINT_PATIENCE_MS;
    this.queue = new PushQueue({
      timers: runtime.timers,
      clock: runtime.clock,
      metrics,
      ...(pushConcurrency === undefined ? {} : { concurrency: pushConcurrency }),
    });
    this.bulk = new BulkGate({ timers: runtime.timers, queue: this.queue });
    this.polling = new PollingNodes({
      timers: runtime.timers,
      clock: runtime.clock,
      nextId: () => this.nextId(),
      connected: ({ node, peerCertificate }, id) =>
        this.owner.onConnected?.(node, { id, peerCertificate, protocol: 'rest' }),
      disconnected: (node, id) => this.owner.onDisconnected?.(node, id),
    });
    this.services = this.discoveryServices();
  }

  /** Every stream that is open now, and every node that fetches instead. */
  status(): readonly ProxyStatus[] {
    return [...[...this.streams.keys()].map((stream) => stream.status), ...this.polling.status()];
  }

  /** Ends all streams, so that proxies go to another server. */
  close(): void {
    for (const stream of [...this.streams.keys()]) stream.shut('the server is going away');
    this.polling.close();
  }

  /** Ends the streams that have this node id and whose callers showed no certificate. */
  shutUncertified(nodeId: string, message: string): void {
    for (const [stream, node] of [...this.streams])
      if (node?.id === nodeId && stream.peerCertificate === undefined) stream.shut(message);
    this.polling.dropUncertified(nodeId);
  }

  /** Answers REST-JSON discovery for an HTTP server that mounts it; undefined when the path is none of discovery. */
  rest(request: RestRequest): RestResponse | undefined {
    return restDiscovery(this, request);
  }

  nextId(): string {
    this.ids += 1;
    return `${this.identifier}-${String(this.ids)}`;
  }

  admit(caller: Caller): string | undefined {
    return this.owner.admit?.(caller);
  }

  withholds(caller: Caller, typeUrl: string): boolean {
    return this.owner.withholds?.(caller, typeUrl) ?? false;
  }

  onDemand(node: XdsNode, typeUrl: string, names: readonly string[]): boolean {
    return this.owner.onDemand?.(node, typeUrl, names) ?? false;
  }

  opened(stream: ServedStream): void {
    this.streams.set(stream, undefined);
    this.countStreams();
  }

  connected(stream: ServedStream, node: XdsNode): void {
    this.streams.set(stream, node);
    this.owner.onConnected?.(node, stream);
  }

  closed(stream: ServedStream): void {
    const node = this.streams.get(stream);
    this.streams.delete(stream);
    this.countStreams();
    if (node !== undefined) this.owner.onDisconnected?.(node, stream.id);
  }

  private countStreams(): void {
    this.metrics.gauge(SERVER_METRIC.connected, this.streams.size);
  }

  private discoveryServices(): GrpcServices {
    const serve =
      (form: StreamForm): GrpcHandler =>
      (call: GrpcServerCall) =>
        new ProxyStream(call, form, this);
    const services = new Map<string, GrpcHandler>([
      [`/${AGGREGATED_SERVICE}/StreamAggregatedResources`, serve({ protocol: 'sotw', typeUrl: undefined })],
      [`/${AGGREGATED_SERVICE}/DeltaAggregatedResources`, serve({ protocol: 'delta', typeUrl: undefined })],
    ]);
    for (const { service, noun, typeUrl } of DISCOVERY_SERVICES) {
      services.set(`/${service}/Stream${noun}`, serve({ protocol: 'sotw', typeUrl }));
      services.set(`/${service}/Delta${noun}`, serve({ protocol: 'delta', typeUrl }));
      services.set(`/${service}/Fetch${noun}`, fetchHandler(this, typeUrl));
    }
    services.set(VIRTUAL_HOSTS_METHOD, serve({ protocol: 'delta', typeUrl: TYPE_URL.virtualHost }));
    return services;
  }
}
