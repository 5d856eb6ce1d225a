import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { LoadStatsResponse } from '@weft/api-envoy/gen/envoy/service/load_stats/v3/lrs_pb';
import { grpcStatusName, type GrpcCall, type GrpcChannel, type GrpcReceiver, type GrpcStatus } from '@weft/core-grpc';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { Counter, StatsScope } from '@weft/core-stats';
import type { AdsConfig } from '@weft/model-config-source';
import { BackOff } from './back-off.ts';
import type { GrpcChannels } from './discovery-stream.ts';
import { CLIENT_FEATURES, nodeFields, type NodeIdentity } from './node.ts';

/** What is counted of one host, from its beginning on. */
export interface ReportedHost {
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly priority: number;
  readonly address: { readonly ip: string; readonly port: number };
  readonly stats: {
    readonly rqSuccess: number;
    readonly rqError: number;
    readonly rqActive: number;
    readonly rqTotal: number;
  };
}

/** One cluster, as it is now. */
export interface ReportedCluster {
  readonly name: string;
  /** `EdsClusterConfig.service_name`; `''` without. */
  readonly serviceName: string;
  readonly hosts: readonly ReportedHost[];
  /** Requests that were not sent anywhere, from the cluster's beginning on. */
  readonly dropped: number;
}

export interface LoadReporterOptions {
  /** `cluster_manager.load_stats_config` */
  readonly config: Pick<AdsConfig, 'grpcServices'>;
  readonly node: NodeIdentity;
  readonly channels: GrpcChannels;
  readonly runtime: Runtime;
  /** The root: it counts under `load_reporter.`. */
  readonly stats: StatsScope;
  /** Asked at each report. */
  readonly clusters: () => readonly ReportedCluster[];
}

interface Counts {
  readonly success: number;
  readonly error: number;
  readonly total: number;
}

const SERVICE = 'envoy.service.load_stats.v3.';
const NOTHING: Counts = { success: 0, error: 0, total: 0 };

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
  private wish: {
    readonly clusters: ReadonlySet<string> | 'all';
    readonly intervalMs: number;
    readonly endpoints: boolean;
  };
  /** What was told of each host, and of each cluster's dropped requests. */
  private readonly told = new WeakMap<ReportedHost, Counts>();
  private readonly toldDropped = new Map<string, number>();
  /** When each cluster was reported last. */
  private readonly reportedMs = new Map<string, number>();

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
    this.wish = { clusters: new Set(), intervalMs: 0, endpoints: false };
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
    this.wish = {
      clusters: message.sendAllClusters ? 'all' : new Set(message.clusters),
      intervalMs: interval === undefined ? 0 : Number(interval.seconds) * 1000 + interval.nanos / 1e6,
      endpoints: message.reportEndpointGranularity,
    };
    this.beginAnew();
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

  /** Counting begins where a cluster is asked about; of those that were before, nothing is lost. */
  private beginAnew(): void {
    const now = this.options.runtime.clock.nowMs();
    const wanted = this.wanted();
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of this.reportedMs.keys()) if (!names.has(name)) this.reportedMs.delete(name);
    for (const cluster of wanted) {
      if (this.reportedMs.has(cluster.name)) continue;
      this.reportedMs.set(cluster.name, now);
      this.toldDropped.set(cluster.name, cluster.dropped);
      for (const host of cluster.hosts) this.told.set(host, countsOf(host));
    }
  }

  private reportLater(): void {
    this.timer?.cancel();
    const { intervalMs } = this.wish;
    if (intervalMs <= 0) return;
    this.timer = after(this.options.runtime.timers, intervalMs, () => {
      this.send(this.wanted().map((cluster) => this.report(cluster)));
      this.reportLater();
    });
  }

  private wanted(): readonly ReportedCluster[] {
    const { clusters } = this.wish;
    return this.options.clusters().filter(({ name }) => clusters === 'all' || clusters.has(name));
  }

  private report(cluster: ReportedCluster): object {
    const now = this.options.runtime.clock.nowMs();
    const { name, serviceName, dropped } = cluster;
    const sinceMs = Math.max(0, Math.round(now - (this.reportedMs.get(name) ?? now)));
    this.reportedMs.set(name, now);
    const before = this.toldDropped.get(name) ?? 0;
    this.toldDropped.set(name, dropped);
    return {
      clusterName: name,
      clusterServiceName: serviceName,
      upstreamLocalityStats: this.localities(cluster),
      // A cluster that was replaced counts from 0 again.
      totalDroppedRequests: BigInt(dropped < before ? dropped : dropped - before),
      loadReportInterval: { seconds: BigInt(Math.floor(sinceMs / 1000)), nanos: (sinceMs % 1000) * 1_000_000 },
    };
  }

  private localities({ hosts }: ReportedCluster): object[] {
    const sums = new Map<string, LocalitySum>();
    for (const host of hosts) {
      const { region, zone, subZone } = host.locality;
      const key = JSON.stringify([host.priority, region, zone, subZone]);
      let sum = sums.get(key);
      if (sum === undefined) {
        sum = new LocalitySum(host);
        sums.set(key, sum);
      }
      sum.add(host, this.told.get(host) ?? NOTHING, this.wish.endpoints);
      this.told.set(host, countsOf(host));
    }
    return [...sums.values()].filter((sum) => sum.moved).map((sum) => sum.fields());
  }

  private send(clusterStats: readonly object[]): void {
    if (this.call === undefined) return;
    this.responses.inc();
    const desc = registry().getMessage(`${SERVICE}LoadStatsRequest`)!;
    const fields: Record<string, unknown> = { node: this.node, clusterStats };
    this.call.send(toBinary(desc, create(desc, fields)));
  }
}

/** What went to the hosts of one locality and priority since the last report. */
class LocalitySum {
  private readonly place: Pick<ReportedHost, 'locality' | 'priority'>;
  private success = 0;
  private error = 0;
  private active = 0;
  private issued = 0;
  private readonly endpoints: object[] = [];

  constructor(place: Pick<ReportedHost, 'locality' | 'priority'>) {
    this.place = place;
  }

  get moved(): boolean {
    return this.success + this.error + this.active + this.issued > 0;
  }

  add(host: ReportedHost, before: Counts, withEndpoint: boolean): void {
    const { rqSuccess, rqError, rqTotal, rqActive } = host.stats;
    const success = rqSuccess - before.success;
    const error = rqError - before.error;
    const issued = rqTotal - before.total;
    this.success += success;
    this.error += error;
    this.issued += issued;
    this.active += rqActive;
    if (!withEndpoint || success + error + issued + rqActive === 0) return;
    const { ip, port } = host.address;
    this.endpoints.push({
      address: {
        address: { case: 'socketAddress', value: { address: ip, portSpecifier: { case: 'portValue', value: port } } },
      },
      totalSuccessfulRequests: BigInt(success),
      totalErrorRequests: BigInt(error),
      totalRequestsInProgress: BigInt(rqActive),
      totalIssuedRequests: BigInt(issued),
    });
  }

  fields(): object {
    return {
      locality: this.place.locality,
      priority: this.place.priority,
      totalSuccessfulRequests: BigInt(this.success),
      totalErrorRequests: BigInt(this.error),
      totalRequestsInProgress: BigInt(this.active),
      totalIssuedRequests: BigInt(this.issued),
      upstreamEndpointStats: this.endpoints,
    };
  }
}

function countsOf({ stats }: ReportedHost): Counts {
  return { success: stats.rqSuccess, error: stats.rqError, total: stats.rqTotal };
}
