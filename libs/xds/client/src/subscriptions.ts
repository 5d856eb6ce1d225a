import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { AdsConfig, ConfigSource } from '@weft/model-config-source';
import type { Authorities } from './authorities.ts';
import { incremental } from './delta.ts';
import { DiscoveryStream, type GrpcChannels } from './discovery-stream.ts';
import { FileSubscription } from './file-subscription.ts';
import { requireSource } from './known-sources.ts';
import { nodeFields, type NodeIdentity } from './node.ts';
import type { ResourceSource } from './resource-source.ts';
import type { ResourceStatus } from './resource-status.ts';
import { RestPoll, type HttpFetch } from './rest-poll.ts';
import { stateOfTheWorld } from './sotw.ts';
import { StreamSubscription } from './stream-subscription.ts';
import type { SubscriptionFactory, SubscriptionRequest } from './subscription-factory.ts';
import type { Subscription } from './subscription.ts';

export interface SubscriptionsOptions {
  readonly node: NodeIdentity;
  /** The aggregated stream; undefined: there is none. */
  readonly ads: AdsConfig | undefined;
  readonly channels: GrpcChannels;
  /** For REST sources; undefined: there are none. */
  readonly http?: HttpFetch;
  /** Chooses the source of xdstp names; names of authorities that it does not know, and all others, come from where the request says. */
  readonly authorities?: Authorities;
  readonly runtime: Runtime;
  /** The root: the aggregated stream counts under `control_plane.`. */
  readonly stats: StatsScope;
}

/** What is known of the resources of one type from one source. */
export interface TypeStatus {
  readonly typeName: string;
  /** `ads`, a path, or what tells one server from another. */
  readonly source: string;
  readonly resources: readonly ResourceStatus[];
}

/** A server that is in use. */
export interface ServerStatus {
  /** As in TypeStatus. */
  readonly source: string;
  /** Who it says it is; `''`: it does not say. */
  readonly identifier: string;
  readonly connected: boolean;
}

interface OpenFile {
  readonly path: string;
  readonly typeName: string;
  readonly file: FileSubscription;
}

type ServerSource = Exclude<ConfigSource, { kind: 'file' }>;

/** All subscriptions of one proxy: those to the same server share one stream, those to the same resource one request. */
export class Subscriptions implements SubscriptionFactory {
  private readonly options: SubscriptionsOptions;
  private readonly node: object;
  private readonly sources = new Map<string, ResourceSource>();
  private readonly files = new Set<OpenFile>();
  /** How often each type is paused. */
  private readonly paused = new Map<string, number>();

  constructor(options: SubscriptionsOptions) {
    this.options = options;
    this.node = nodeFields(options.node);
  }

  /** @throws Error for a source that cannot be had: `ads` without `ads_config`, REST without a way to fetch */
  subscribe(request: SubscriptionRequest): Subscription {
    const { ads, http, authorities } = this.options;
    const source = requireSource(request, { hasAds: ads !== undefined, hasRest: http !== undefined, authorities });
    if (source.kind === 'file') return this.file(source, request);
    return new StreamSubscription({ ...request, source }, this.options.runtime, {
      open: () => this.serverOf(source, request),
      release: (server) => this.release(server),
    });
  }

  pause(typeName: string): void {
    this.pauseBy(typeName, 1);
  }

  resume(typeName: string): void {
    this.pauseBy(typeName, -1);
  }

  /** For dumps and client status discovery. */
  status(): TypeStatus[] {
    const list: TypeStatus[] = [];
    for (const [source, { types }] of this.sources)
      for (const { table } of types) list.push({ typeName: table.typeName, source, resources: table.status() });
    for (const { path, typeName, file } of this.files) list.push({ typeName, source: path, resources: file.status() });
    return list;
  }

  get servers(): ServerStatus[] {
    return [...this.sources].map(([source, { identifier, connected }]) => ({ source, identifier, connected }));
  }

  close(): void {
    for (const source of this.sources.values()) source.close();
    for (const { file } of this.files) file.close();
    this.sources.clear();
    this.files.clear();
  }

  private file(source: ConfigSource & { kind: 'file' }, request: SubscriptionRequest): Subscription {
    const { path, watchedDirectory, initialFetchTimeoutMs } = source;
    const { typeName, names, stats, watcher } = request;
    const options = {
      path,
      typeName,
      initialFetchTimeoutMs,
      stats,
      runtime: this.options.runtime,
      ...(watchedDirectory === undefined ? {} : { watchedDirectory }),
      ...(names === 'wildcard' ? {} : { names }),
    };
    const file = new FileSubscription(options, watcher);
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

  private pauseBy(typeName: string, by: number): void {
    this.paused.set(typeName, (this.paused.get(typeName) ?? 0) + by);
    for (const source of this.sources.values()) source.pause(typeName, by);
  }

  private serverOf(source: ServerSource, { typeName, stats }: SubscriptionRequest): ResourceSource {
    const { ads, http, runtime } = this.options;
    if (source.kind !== 'api') {
      // `subscribe` made sure of it, and of a way to poll below.
      return this.open('ads', () => this.stream(ads!, undefined, this.options.stats));
    }
    const { apiType, grpcServices, clusterNames } = source;
    const key = `${typeName} ${JSON.stringify([apiType, grpcServices, clusterNames])}`;
    if (apiType !== 'REST') return this.open(key, () => this.stream({ ...source, apiType }, typeName, stats));
    return this.open(key, () => new RestPoll({ source, typeName, node: this.node, http: http!, runtime }));
  }

  private open(key: string, make: () => ResourceSource): ResourceSource {
    const known = this.sources.get(key);
    if (known !== undefined) return known;
    const source = make();
    for (const [typeName, count] of this.paused) if (count > 0) source.pause(typeName, count);
    this.sources.set(key, source);
    return source;
  }

  private stream(config: AdsConfig, typeName: string | undefined, stats: StatsScope): DiscoveryStream {
    const { channels, runtime } = this.options;
    const label = typeName === undefined ? 'ads' : `${typeName} from ${calledServer(config)}`;
    const protocol = config.apiType === 'DELTA_GRPC' ? incremental : stateOfTheWorld;
    return new DiscoveryStream({ label, config, protocol, typeName, node: this.node, channels, runtime, stats });
  }

  private release(server: ResourceSource): void {
    for (const [key, open] of this.sources) {
      // The aggregated stream stays: somebody else will want something.
      if (open !== server || key === 'ads' || !server.idle) continue;
      this.sources.delete(key);
      server.close();
    }
  }
}

function calledServer({ grpcServices: [service] }: AdsConfig): string {
  if (service === undefined) return 'nowhere';
  return service.kind === 'cluster' ? service.cluster : service.targetUri;
}
