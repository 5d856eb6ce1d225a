import type { GrpcService } from './grpc-service.ts';

/** Where resources of one type come from. Source: envoy.config.core.v3.ConfigSource. */
export type ConfigSource = FileConfigSource | AggregatedConfigSource | ApiConfigSource;

interface Waiting {
  /** How long whoever needs the first resources waits for them, in milliseconds. Default 15,000; 0: forever. */
  readonly initialFetchTimeoutMs: number;
}

/** `path`, `path_config_source`. */
export interface FileConfigSource extends Waiting {
  readonly kind: 'file';
  readonly path: string;
  /** Watched instead of the file's own folder. */
  readonly watchedDirectory: string | undefined;
}

/** `ads`: the stream of `dynamic_resources.ads_config`. `self`: whatever source the message itself came from. */
export interface AggregatedConfigSource extends Waiting {
  readonly kind: 'ads' | 'self';
}

/** A stream or an endpoint for one type. Source: envoy.config.core.v3.ApiConfigSource. */
export interface ApiConfigSource extends Waiting {
  readonly kind: 'api';
  readonly apiType: 'GRPC' | 'DELTA_GRPC' | 'REST';
  /** GRPC and DELTA_GRPC: the first that answers; never empty. REST: empty. */
  readonly grpcServices: readonly GrpcService[];
  /** REST: the first that answers; never empty. Else empty. */
  readonly clusterNames: readonly string[];
  /** REST: how long between two polls, in milliseconds. */
  readonly refreshDelayMs: number;
  /** REST: how long one poll may take, in milliseconds. Default 1,000. */
  readonly requestTimeoutMs: number;
  /** Only the first request of a stream names the node. */
  readonly setNodeOnFirstMessageOnly: boolean;
  /** How many requests a stream may send: tokens per fill, and the fill rate per second. Undefined: no limit. */
  readonly rateLimit: { readonly maxTokens: number; readonly fillRate: number } | undefined;
}

/** The aggregated stream itself. Source: Bootstrap.dynamic_resources.ads_config. */
export type AdsConfig = Omit<ApiConfigSource, 'initialFetchTimeoutMs' | 'apiType'> & {
  readonly apiType: 'GRPC' | 'DELTA_GRPC';
};
