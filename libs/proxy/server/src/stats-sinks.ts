import { ThrottledLog, type Runtime } from '@weft/core-runtime';
import { connectDatagrams } from '@weft/net-udp';
import {
  MetricsServiceSink,
  StatsdSink,
  type DatagramSender,
  type StatsdConfig,
  type StatsSink,
  type StatsSinkConfig,
} from '@weft/observe-metrics';
import { nodeFields, type GrpcChannels, type NodeIdentity } from '@weft/xds-client';

export interface StatsSinksOptions {
  readonly configs: readonly StatsSinkConfig[];
  readonly identity: NodeIdentity;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
}

/** Those that are told of all stats. */
export function createStatsSinks({ configs, identity, channels, runtime }: StatsSinksOptions): StatsSink[] {
  const node = nodeFields(identity);
  const { clock } = runtime;
  return configs.map((config) =>
    config.kind === 'statsd'
      ? new StatsdSink(config, () => senderTo(config, runtime))
      : new MetricsServiceSink(config, { channel: () => channels(config.service), node, clock }),
  );
}

function senderTo({ ip, port }: StatsdConfig, { clock, loggers }: Runtime): DatagramSender {
  const log = new ThrottledLog(loggers.get('main'), clock);
  return connectDatagrams(
    { ip, port },
    {
      onDatagram: () => undefined,
      onDatagramError: (error) =>
        log.warning((more) => `stats do not reach statsd at ${ip}:${port}: ${error.message}${more}`),
    },
  );
}
