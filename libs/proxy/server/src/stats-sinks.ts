import type { Runtime } from '@weft/core-runtime';
import { MetricsServiceSink, type MetricsServiceConfig, type StatsSink } from '@weft/observe-metrics';
import { nodeFields, type GrpcChannels, type NodeIdentity } from '@weft/xds-client';

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
