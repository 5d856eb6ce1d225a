import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { LoadStatsResponse } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import { grpcStatusName, type GrpcCall, type GrpcChannel, type GrpcReceiver, type GrpcStatus } from '@weft/core-grpc';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { AdsConfig } from '@weft/model-config-source';
import { BackOff } from './back-off.ts';
import type { ClusterLoad, Load, LoadSource } from './loads.ts';
import type { GrpcChannels } from './discovery-stream.ts';
import { CLIENT_FEATURES, nodeFields, type NodeIdentity } from './node.ts';

export interface LoadReporterOptions {
  /** `cluster_manager.load_stats_config` */
  readonly config: Pick<AdsConfig, 'grpcServices'>;
  readonly node: NodeIdentity;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
  /** The root: it counts under `load_reporter.`. */
  readonly stats: StatsScope;
  /** Asked at each report. */
  readonly loads: LoadSource;
}

const SERVICE = 'envoy.service.load_stats.v3.';

/**
 * LRS: tells a server, as often as it wishes, how many requests went to which locality of the clusters that it asks about.
 * Disconnected -> Asking (sent who it is) -> Reporting (was told the interval); at each end of the stream -> Disconnected.
 */
export class LoadReporter implements GrpcReceiver {
  private readonly options: LoadReporterOptions;
  private readonly node: object;
  /** In Envoy's words the server's messages are the requests. */
  private readonly requests: Counter;
  private readonly responses: Counter;
  private readonly errors: Counter;
  private readonly retries: Counter;
  private readonly backOff: BackOff;
  private channel: GrpcChannel | undefined;
  private call: GrpcCall | undefined;
  private timer: Timer | undefined;
  private closed = false;
  private intervalMs = 0;

  constructor(options: LoadReporterOptions) {
    this.options = options;
    this.node = nodeFields({
      ...options.node,
      clientFeatures: [...(options.node.clientFeatures ?? CLIENT_FEATURES), 'envoy.lrs.supports_send_all_clusters'],
    });
    const own = options.stats.scope('load_reporter.');
    this.requests = own.counter('requests');
    this.responses = own.counter('responses');
    this.errors = own.counter('errors');
    this.retries = own.counter('retries');
    this.backOff = new BackOff(options.runtime.random);
  }

  start(): void {
    const [service] = this.options.config.grpcServices;
    if (service === undefined) return;
    this.channel ??= this.options.channels(service);
    this.call = this.channel.call(`/${SERVICE}LoadReportingService/StreamLoadStats`, this, {
      metadata: service.initialMetadata,
    });
    this.send([]);
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.call?.cancel();
    this.channel?.close();
  }

  onMessage(octets: Uint8Array): void {
    let message: LoadStatsResponse;
    try {
      message = fromBinary(registry().getMessage(`${SERVICE}LoadStatsResponse`)!, octets) as LoadStatsResponse;
    } catch {
      this.call?.cancel();
      this.onEnd({ code: 13, message: 'it sent what is no response' });
      return;
    }
    this.requests.inc();
    this.backOff.reset();
    const { loadReportingInterval: interval } = message;
    this.intervalMs = interval === undefined ? 0 : Number(interval.seconds) * 1000 + interval.nanos / 1e6;
    this.options.loads.beginLoads({
      clusters: message.sendAllClusters ? 'all' : message.clusters,
      endpoints: message.reportEndpointGranularity,
    });
    this.reportLater();
  }

  onEnd(status: GrpcStatus): void {
    if (this.closed) return;
    this.call = undefined;
    this.timer?.cancel();
    this.errors.inc();
    const delayMs = this.backOff.draw();
    this.options.runtime.loggers
      .get('upstream')
      .warning(
        `load reports: the stream ended with ${grpcStatusName(status.code)}: ${status.message || 'no reason given'}; ` +
          `the next attempt is in ${delayMs} ms.`,
      );
    this.timer = after(this.options.runtime.timers, delayMs, () => {
      this.retries.inc();
      this.start();
    });
  }

  private reportLater(): void {
    this.timer?.cancel();
    if (this.intervalMs <= 0) return;
    this.timer = after(this.options.runtime.timers, this.intervalMs, () => {
      const loads = this.options.loads.takeLoads();
      // A thread that ended counts no more, and with it ends the process.
      if (loads instanceof Promise) loads.then((taken) => this.report(taken)).catch(() => undefined);
      else this.report(loads);
      this.reportLater();
    });
  }

  private report(loads: readonly ClusterLoad[]): void {
    this.send(loads.map(clusterFields));
  }

  private send(clusterStats: readonly object[]): void {
    if (this.call === undefined) return;
    this.responses.inc();
    const desc = registry().getMessage(`${SERVICE}LoadStatsRequest`)!;
    const fields: Record<string, unknown> = { node: this.node, clusterStats };
    this.call.send(toBinary(desc, create(desc, fields)));
  }
}

function clusterFields({ name, serviceName, dropped, droppedByCategory, sinceMs, localities }: ClusterLoad): object {
  return {
    clusterName: name,
    clusterServiceName: serviceName,
    upstreamLocalityStats: localities.map(({ locality, priority, endpoints, ...load }) => ({
      locality,
      priority,
      ...loadFields(load),
      upstreamEndpointStats: endpoints.map(({ address: { ip, port }, ...own }) => ({
        address: {
          address: { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } },
        },
        ...loadFields(own),
      })),
    })),
    totalDroppedRequests: BigInt(dropped),
    droppedRequests: [...droppedByCategory]
      .filter(([, count]) => count > 0)
      .map(([category, count]) => ({ category, droppedCount: BigInt(count) })),
    loadReportInterval: { seconds: BigInt(Math.floor(sinceMs / 1000)), nanos: (sinceMs % 1000) * 1_000_000 },
  };
}

function loadFields({ success, error, active, issued }: Load): object {
  return {
    totalSuccessfulRequests: BigInt(success),
    totalErrorRequests: BigInt(error),
    totalRequestsInProgress: BigInt(active),
    totalIssuedRequests: BigInt(issued),
  };
}
