import {
  GRPC_STATUS,
  type GrpcCall,
  type GrpcCallOptions,
  type GrpcChannel,
  type GrpcMetadata,
  type GrpcReceiver,
  type GrpcStatus,
} from '@weft/core-grpc';
import { after, type Timers } from '@weft/core-runtime';
import { ANY_HOST, type Cluster, type ClusterManager } from '@weft/proxy-filter-api';
import { ClusterGrpcCall } from './cluster-grpc-call.ts';

/** Source: envoy.config.core.v3.GrpcService.EnvoyGrpc. */
export interface ClusterGrpcTarget {
  readonly cluster: string;
  /** `:authority`. */
  readonly authority: string;
  /** Sent with each call. */
  readonly initialMetadata: GrpcMetadata;
  /** The address of this proxy, which servers are told as Envoy tells it. Absent: they are told nothing of the proxy. */
  readonly localIp?: string | undefined;
  /** How long a message of the server may be, in bytes; RESOURCE_EXHAUSTED beyond. Default: any length. `max_receive_message_length`. */
  readonly maxReceiveBytes?: number;
}

/**
 * Calls to a cluster of the proxy. The cluster is looked up for each call, so it may come later and may change. Calls wait for
 * its certificates: a proxy asks its control plane before they are there.
 */
export class ClusterGrpcChannel implements GrpcChannel {
  private readonly target: ClusterGrpcTarget;
  private readonly clusters: ClusterManager;
  private readonly timers: Timers;
  private readonly calls = new Set<ClusterGrpcCall>();
  private closed = false;

  constructor(target: ClusterGrpcTarget, clusters: ClusterManager, timers: Timers) {
    this.target = target;
    this.clusters = clusters;
    this.timers = timers;
  }

  call(path: string, receiver: GrpcReceiver, options: GrpcCallOptions = {}): GrpcCall {
    const { cluster: name, authority, initialMetadata, localIp, maxReceiveBytes } = this.target;
    const call = new ClusterGrpcCall(
      {
        path,
        authority,
        metadata: [...initialMetadata, ...(options.metadata ?? [])],
        timeoutMs: options.timeoutMs,
        localIp,
        maxReceiveBytes,
      },
      receiver,
      { timers: this.timers, over: (ended) => this.calls.delete(ended) },
    );
    this.calls.add(call);
    // Who calls while the clusters are being made finds them a turn later.
    if (this.clusters.get(name) === undefined) after(this.timers, 0, () => this.begin(call, name));
    else this.begin(call, name);
    call.started();
    return call;
  }

  close(): void {
    this.closed = true;
    for (const call of [...this.calls]) call.fail({ code: GRPC_STATUS.UNAVAILABLE, message: 'the channel is closed' });
  }

  private begin(call: ClusterGrpcCall, name: string): void {
    if (call.over) return;
    const cluster = this.clusters.get(name);
    if (this.closed) return call.fail(unavailable('the channel is closed'));
    if (cluster === undefined) return call.fail(unavailable(`there is no cluster "${name}"`));
    const { pendingSecrets } = cluster;
    if (pendingSecrets === undefined) this.open(call, cluster);
    else void pendingSecrets.then(() => this.open(call, cluster));
  }

  private open(call: ClusterGrpcCall, cluster: Cluster): void {
    if (call.over) return;
    const host = cluster.pick(ANY_HOST);
    if (host === undefined) {
      cluster.requestStats.upstreamCxNoneHealthy.inc();
      cluster.requestStats.chargeResponse(503, true);
      return call.fail(unavailable(`cluster "${cluster.name}" has no healthy host`));
    }
    call.open(cluster, host);
  }
}

function unavailable(message: string): GrpcStatus {
  return { code: GRPC_STATUS.UNAVAILABLE, message };
}
