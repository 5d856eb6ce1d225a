import { reportUnsupported } from '@weft/api-envoy';
import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { decodeLoadAssignment, supported, type EdsOptions } from '@weft/model-cluster';
import { FileSubscription, type ReceivedResource, type ResourceUpdate, type ResourceWatcher } from '@weft/xds-client';
import type { Discovery, DiscoveryOwner } from './discovery.ts';
import { hostsOf, type UpstreamCluster } from './upstream-cluster.ts';

const ASSIGNMENT = 'envoy.config.endpoint.v3.ClusterLoadAssignment';

/** EDS: the hosts are those of a ClusterLoadAssignment that comes from elsewhere and may change at any time. */
export class EndpointDiscovery implements Discovery, ResourceWatcher {
  private readonly cluster: UpstreamCluster;
  private readonly eds: EdsOptions;
  private readonly runtime: Runtime;
  private readonly owner: DiscoveryOwner;
  private readonly subscription: FileSubscription;
  private timeout: Timer | undefined;
  private initialized = false;

  constructor(cluster: UpstreamCluster, world: { runtime: Runtime; stats: StatsScope }, owner: DiscoveryOwner) {
    const { discovery, altStatName } = cluster.config;
    if (discovery.kind !== 'EDS') throw new Error('not an EDS cluster');
    this.cluster = cluster;
    this.eds = discovery.eds;
    this.runtime = world.runtime;
    this.owner = owner;
    const { path, watchedDirectory } = this.eds;
    this.subscription = new FileSubscription(
      {
        path,
        ...(watchedDirectory === '' ? {} : { watchedDirectory }),
        typeName: ASSIGNMENT,
        names: [this.eds.serviceName],
        stats: world.stats.scope(`cluster.${altStatName}.`),
        runtime: world.runtime,
      },
      this,
    );
  }

  start(): void {
    const { initialFetchTimeoutMs } = this.eds;
    // The cluster then goes without hosts (503) and takes them when they come: to wait on would keep the proxy from starting.
    if (initialFetchTimeoutMs > 0) this.timeout = after(this.runtime.timers, initialFetchTimeoutMs, () => this.done());
    void this.subscription.start();
  }

  close(): void {
    this.timeout?.cancel();
    this.subscription.close();
  }

  onUpdate({ added }: ResourceUpdate): Promise<void> {
    const { requestStats } = this.cluster;
    const [found] = added;
    if (found === undefined) {
      requestStats.updateEmpty.inc();
      this.done();
      return Promise.resolve();
    }
    const assignment = decode(found);
    if (assignment === undefined || found.cx.faults.length > 0) return Promise.resolve();
    if (
      !this.cluster.setHosts(
        hostsOf(assignment, this.cluster.config.connection.happyEyeballs),
        assignment.overprovisioningFactor,
      )
    )
      requestStats.updateNoRebuild.inc();
    this.done();
    return Promise.resolve();
  }

  judge({ added }: ResourceUpdate): void {
    for (const resource of added) decode(resource);
  }

  private done(): void {
    if (this.initialized) return;
    this.initialized = true;
    this.timeout?.cancel();
    this.owner.onInitialized();
  }
}

function decode({ message, cx }: ReceivedResource): ReturnType<typeof decodeLoadAssignment> {
  reportUnsupported(message, supported, cx);
  return decodeLoadAssignment(message as ClusterLoadAssignment, cx, 'ips');
}
