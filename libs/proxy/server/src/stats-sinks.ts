import type { Runtime } from '@weft/core-runtime';
import { createNullScope } from '@weft/core-stats';
import { MetricsServiceSink, type MetricsServiceConfig, type StatsSink } from '@weft/observe-metrics';
import { ClusterManager, type ClusterManagerOptions, type DecodedCluster } from '@weft/proxy-upstream';
import { nodeFields, type GrpcChannels, type NodeIdentity } from '@weft/xds-client';
import { grpcChannels } from './grpc-channels.ts';

export interface StatsSinksOptions {
  readonly configs: readonly MetricsServiceConfig[];
  readonly identity: NodeIdentity;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
}

/** Those that are told of all stats. */
export function createStatsSinks({ configs, identity, channels, runtime: { clock } }: StatsSinksOptions): StatsSink[] {
  const node = nodeFields(identity);
  return configs.map(
    (config) => new MetricsServiceSink(config, { channel: () => channels(config.service), node, clock }),
  );
}

/**
 * The way of a main thread, whose workers carry the traffic, to the servers of its sinks: static clusters of its own, which
 * count for nobody.
 */
export function sinkChannels(
  configs: readonly MetricsServiceConfig[],
  clusters: readonly DecodedCluster[],
  options: ClusterManagerOptions,
): GrpcChannels {
  const wanted = new Set(configs.flatMap(({ service }) => (service.kind === 'cluster' ? service.cluster : [])));
  const manager = new ClusterManager({ ...options, stats: createNullScope() });
  manager.addStatic(clusters.filter(({ config }) => wanted.has(config.name)));
  return grpcChannels(manager, options.runtime);
}
