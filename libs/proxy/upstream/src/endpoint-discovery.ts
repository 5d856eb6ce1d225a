import { reportUnsupported } from '@weft/api-envoy';
import type { ClusterLoadAssignment } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_pb';
import type { StatsScope } from '@weft/core-stats';
import { decodeLoadAssignment, supported } from '@weft/model-cluster';
import type {
  ReceivedResource,
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
  SubscriptionFactory,
} from '@weft/xds-client';
import type { Discovery, DiscoveryOwner } from './discovery.ts';
import { hostsOf, type UpstreamCluster } from './upstream-cluster.ts';

const ASSIGNMENT = 'envoy.config.endpoint.v3.ClusterLoadAssignment';

/** What EDS needs beyond its cluster. */
export interface EdsWorld {
  readonly subscriptions: SubscriptionFactory;
  /** The root of all stat names. */
  readonly stats: StatsScope;
}

/** EDS: the hosts are those of a ClusterLoadAssignment that comes from elsewhere and may change at any time. */
export class EndpointDiscovery implements Discovery, ResourceWatcher {
  private readonly cluster: UpstreamCluster;
  private readonly owner: DiscoveryOwner;
  private readonly subscription: Subscription;
  private initialized = false;

  constructor(cluster: UpstreamCluster, world: EdsWorld, owner: DiscoveryOwner) {
    const { discovery, altStatName } = cluster.config;
    if (discovery.kind !== 'EDS') throw new Error('not an EDS cluster');
    this.cluster = cluster;
    this.owner = owner;
    const { serviceName, source } = discovery.eds;
    this.subscription = world.subscriptions.subscribe({
      source,
      typeName: ASSIGNMENT,
      names: [serviceName],
      stats: world.stats.scope(`cluster.${altStatName}.`),
      watcher: this,
    });
  }

  start(): void {
    void this.subscription.start();
  }

  close(): void {
    this.subscription.close();
  }

  /** The cluster goes without hosts (503) and takes them when they come: to wait on would keep the proxy from starting. */
  onFetchTimeout(): void {
    this.done();
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
    if (!this.cluster.setHosts(hostsOf(assignment, this.cluster.config.connection.happyEyeballs), assignment.policy))
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
    this.owner.onInitialized();
  }
}

function decode({ message, cx }: ReceivedResource): ReturnType<typeof decodeLoadAssignment> {
  reportUnsupported(message, supported, cx);
  return decodeLoadAssignment(message as ClusterLoadAssignment, cx, 'ips');
}
