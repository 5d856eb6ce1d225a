import { GRPC_STATUS, type GrpcCall, type GrpcCallOptions, type GrpcChannel, type GrpcReceiver } from '@weft/core-grpc';
import type { Runtime } from '@weft/core-runtime';
import type { GrpcService } from '@weft/model-config-source';
import type { ClusterManager } from '@weft/proxy-filter-api';
import { ClusterGrpcChannel } from '@weft/proxy-grpc-client';
import { findLocalIp } from '@weft/proxy-hcm';

/** Makes the channel to a gRPC service: over a cluster of the proxy, or straight to an address. */
export function grpcChannels(clusters: ClusterManager, runtime: Runtime): (service: GrpcService) => GrpcChannel {
  return (service) =>
    service.kind === 'cluster'
      ? new ClusterGrpcChannel(
          { ...service, localIp: service.skipEnvoyHeaders === true ? undefined : findLocalIp() },
          clusters,
          runtime.timers,
        )
      : new TargetChannel(service.targetUri, service.initialMetadata, runtime);
}

/** A channel whose library is loaded with the first call: most proxies call nobody by address. */
class TargetChannel implements GrpcChannel {
  private readonly target: string;
  private readonly metadata: GrpcCallOptions['metadata'];
  private readonly runtime: Runtime;
  private loading: Promise<GrpcChannel> | undefined;

  constructor(target: string, metadata: GrpcCallOptions['metadata'], runtime: Runtime) {
    this.target = target;
    this.metadata = metadata;
    this.runtime = runtime;
  }

  call(path: string, receiver: GrpcReceiver, options: GrpcCallOptions = {}): GrpcCall {
    this.loading ??= this.load();
    const metadata = [...(this.metadata ?? []), ...(options.metadata ?? [])];
    return new LateCall(
      this.loading.then((channel) => (to: GrpcReceiver) => channel.call(path, to, { ...options, metadata })),
      receiver,
    );
  }

  close(): void {
    void this.loading?.then((channel) => channel.close());
    this.loading = Promise.reject(new Error('the channel is closed'));
    this.loading.catch(() => undefined);
  }

  private async load(): Promise<GrpcChannel> {
    const { GrpcJsChannel } = await import('@weft/net-grpc');
    return new GrpcJsChannel({ target: this.target, clock: this.runtime.clock });
  }
}

/** A call whose channel comes later: what is sent before waits. */
class LateCall implements GrpcCall {
  private call: GrpcCall | undefined;
  private readonly queued: ((call: GrpcCall) => void)[] = [];
  private cancelled = false;

  constructor(begin: Promise<(receiver: GrpcReceiver) => GrpcCall>, receiver: GrpcReceiver) {
    begin.then(
      (start) => {
        if (this.cancelled) return;
        const call = start(receiver);
        this.call = call;
        for (const step of this.queued) step(call);
      },
      (error: Error) => {
        if (!this.cancelled) receiver.onEnd({ code: GRPC_STATUS.UNAVAILABLE, message: error.message });
      },
    );
  }

  send(message: Uint8Array): boolean {
    if (this.call !== undefined) return this.call.send(message);
    this.queued.push((call) => void call.send(message));
    return true;
  }

  end(): void {
    if (this.call !== undefined) this.call.end();
    else this.queued.push((call) => call.end());
  }

  cancel(): void {
    this.cancelled = true;
    this.call?.cancel();
  }
}
