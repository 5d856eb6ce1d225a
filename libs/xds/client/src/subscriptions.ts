import { typeNameOfUrl } from '@weft/api-envoy';
import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { AdsConfig, ApiConfigSource, ConfigSource } from '@weft/model-config-source';
import { incremental } from './delta.ts';
import { DiscoveryStream, type GrpcChannels } from './discovery-stream.ts';
import { FileSubscription } from './file-subscription.ts';
import { nodeFields, type NodeIdentity } from './node.ts';
import type { ResourceStatus } from './resource-status.ts';
import { stateOfTheWorld } from './sotw.ts';
import type { SubscriptionFactory, SubscriptionRequest } from './subscription-factory.ts';
import type { Subscription } from './subscription.ts';
import type { TypeChannel } from './type-channel.ts';
import { Watch } from './watch.ts';

export interface SubscriptionsOptions {
  readonly node: NodeIdentity;
  /** The aggregated stream; undefined: there is none. */
  readonly ads: AdsConfig | undefined;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
  /** The root: the aggregated stream counts under `control_plane.`. */
  readonly stats: StatsScope;
}

/** What is known of the resources of one type from one source. */
export interface TypeStatus {
  readonly typeName: string;
  /** `ads`, a path, a cluster's name. */
  readonly source: string;
  readonly resources: readonly ResourceStatus[];
}

/** All subscriptions of one proxy: those to the same server share one stream, those to the same resource one request. */
export class Subscriptions implements SubscriptionFactory {
  private readonly options: SubscriptionsOptions;
  private readonly node: object;
  private readonly streams = new Map<string, DiscoveryStream>();
  private readonly files = new Set<{
    readonly path: string;
    readonly typeName: string;
    readonly file: FileSubscription;
  }>();

  constructor(options: SubscriptionsOptions) {
    this.options = options;
    this.node = nodeFields(options.node);
  }

  /** Nothing happens before the subscription's `start`. A source that cannot be had (`ads` without one) throws. */
  subscribe(options: SubscriptionRequest): Subscription {
    const { source } = options;
    if (source.kind === 'file') return this.file(source, options);
    if (source.kind === 'api' && source.apiType === 'REST') throw new Error('REST sources are not available');
    return new StreamSubscription(options, this.options.runtime, {
      open: () => this.stream(source, options),
      release: (stream) => this.release(stream),
    });
  }

  /** Counted: until `resume` no request for this type is sent on any stream. */
  pause(typeUrl: string): void {
    for (const stream of this.streams.values()) stream.pause(typeNameOfUrl(typeUrl), 1);
  }

  resume(typeUrl: string): void {
    for (const stream of this.streams.values()) stream.pause(typeNameOfUrl(typeUrl), -1);
  }

  status(): TypeStatus[] {
    const list: TypeStatus[] = [];
    for (const [source, stream] of this.streams)
      for (const { table } of stream.channelsOfTypes)
        list.push({ typeName: table.typeName, source, resources: table.status() });
    for (const { path, typeName, file } of this.files) list.push({ typeName, source: path, resources: file.status() });
    return list;
  }

  close(): void {
    for (const stream of this.streams.values()) stream.close();
    for (const { file } of this.files) file.close();
    this.streams.clear();
    this.files.clear();
  }

  private file(source: ConfigSource & { kind: 'file' }, options: SubscriptionRequest): Subscription {
    const { path, watchedDirectory, initialFetchTimeoutMs } = source;
    const { typeName, names, stats, watcher } = options;
    const file = new FileSubscription(
      {
        path,
        typeName,
        initialFetchTimeoutMs,
        stats,
        runtime: this.options.runtime,
        ...(watchedDirectory === undefined ? {} : { watchedDirectory }),
        ...(names === 'wildcard' ? {} : { names }),
      },
      watcher,
    );
    const entry = { path, typeName, file };
    this.files.add(entry);
    return {
      start: () => file.start(),
      close: () => {
        this.files.delete(entry);
        file.close();
      },
    };
  }

  private stream(
    source: Exclude<ConfigSource, { kind: 'file' }>,
    { typeName, stats }: SubscriptionRequest,
  ): DiscoveryStream {
    if (source.kind === 'api') return this.streamTo(source, typeName, stats);
    const { ads } = this.options;
    if (ads === undefined) throw new Error('there is no aggregated stream: dynamic_resources.ads_config is missing');
    return this.open('ads', ads, undefined, this.options.stats);
  }

  private streamTo(source: ApiConfigSource, typeName: string, stats: StatsScope): DiscoveryStream {
    const { apiType } = source;
    const key = `${typeName} ${JSON.stringify([apiType, source.grpcServices])}`;
    return this.open(key, { ...source, apiType: apiType as AdsConfig['apiType'] }, typeName, stats);
  }

  private open(key: string, config: AdsConfig, typeName: string | undefined, stats: StatsScope): DiscoveryStream {
    const known = this.streams.get(key);
    if (known !== undefined) return known;
    const { channels, runtime } = this.options;
    const label = typeName === undefined ? key : `${typeName} from ${serverOf(config)}`;
    const protocol = config.apiType === 'DELTA_GRPC' ? incremental : stateOfTheWorld;
    const stream = new DiscoveryStream({
      label,
      config,
      protocol,
      typeName,
      node: this.node,
      channels,
      runtime,
      stats,
    });
    this.streams.set(key, stream);
    return stream;
  }

  private release(stream: DiscoveryStream): void {
    for (const [key, open] of this.streams) {
      // The aggregated stream stays: somebody else will want something.
      if (open !== stream || key === 'ads' || !stream.idle) continue;
      this.streams.delete(key);
      stream.close();
    }
  }
}

function serverOf({ grpcServices: [service] }: AdsConfig): string {
  if (service === undefined) return 'nowhere';
  return service.kind === 'cluster' ? service.cluster : service.targetUri;
}

interface Streams {
  open(): DiscoveryStream;
  release(stream: DiscoveryStream): void;
}

class StreamSubscription implements Subscription {
  private readonly watch: Watch;
  private readonly streams: Streams;
  private readonly typeName: string;
  private stream: DiscoveryStream | undefined;
  private channel: TypeChannel | undefined;

  constructor({ names, watcher, stats, source, typeName }: SubscriptionRequest, runtime: Runtime, streams: Streams) {
    this.streams = streams;
    this.typeName = typeName;
    const { initialFetchTimeoutMs } = source;
    this.watch = new Watch({
      names: names === 'wildcard' || names.includes('*') ? 'wildcard' : new Set(names),
      watcher,
      stats,
      runtime,
      initialFetchTimeoutMs,
    });
  }

  start(): Promise<void> {
    const stream = this.streams.open();
    const channel = stream.type(this.typeName);
    this.stream = stream;
    this.channel = channel;
    this.watch.stats.updateAttempt.inc();
    this.watch.start(() => channel.table.timedOut(this.watch));
    channel.table.add(this.watch);
    channel.namesChanged();
    stream.start();
    return this.watch.first;
  }

  setNames(names: readonly string[]): void {
    this.watch.stats.updateAttempt.inc();
    this.channel?.table.setNames(this.watch, new Set(names));
    this.channel?.namesChanged();
  }

  close(): void {
    this.watch.close();
    if (this.stream === undefined || this.channel === undefined) return;
    this.channel.table.remove(this.watch);
    this.channel.namesChanged();
    this.streams.release(this.stream);
  }
}
