import { isIP } from 'node:net';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import { socketAddress, type SocketAddress } from '@weft/core-http';
import type { OriginalDstOptions } from '@weft/model-cluster';
import type { LoadBalancerContext } from '@weft/proxy-filter-api';
import type { Discovery, DiscoveryOwner } from './discovery.ts';
import type { HostOptions, UpstreamHost } from './host.ts';
import type { HostProvider, UpstreamCluster } from './upstream-cluster.ts';

interface Destination {
  readonly host: UpstreamHost;
  readonly options: HostOptions;
  /** Picked since the last clean-up. */
  used: boolean;
}

/**
 * ORIGINAL_DST: the host is wherever the client was going before it was redirected here, or where the request says. A host
 * is made when it is first asked for, and dropped when it was not used for a while.
 */
export class OriginalDst implements Discovery, HostProvider {
  private readonly cluster: UpstreamCluster;
  private readonly options: OriginalDstOptions;
  private readonly runtime: Runtime;
  private readonly owner: DiscoveryOwner;
  private readonly destinations = new Map<string, Destination>();
  private timer: Timer | undefined;

  constructor(cluster: UpstreamCluster, runtime: Runtime, owner: DiscoveryOwner) {
    const { discovery } = cluster.config;
    if (discovery.kind !== 'ORIGINAL_DST') throw new Error('not an ORIGINAL_DST cluster');
    this.cluster = cluster;
    this.options = discovery.originalDst;
    this.runtime = runtime;
    this.owner = owner;
  }

  start(): void {
    this.cluster.hostProvider = this;
    this.owner.onInitialized();
  }

  close(): void {
    this.timer?.cancel();
  }

  pick(cx: LoadBalancerContext): UpstreamHost | undefined {
    const address = this.named(cx) ?? restored(cx);
    if (address === undefined) return undefined;
    const { ip, port } = address;
    return this.destination(ip, this.options.portOverride ?? port);
  }

  private destination(ip: string, port: number): UpstreamHost | undefined {
    const key = `${ip} ${port}`;
    const known = this.destinations.get(key);
    if (known !== undefined) {
      known.used = true;
      return known.host;
    }
    const options: HostOptions = {
      endpoint: { kind: 'socket', host: ip, port },
      hostname: '',
      weight: 1,
      healthStatus: 'UNKNOWN',
      locality: { region: '', zone: '', subZone: '' },
      priority: 0,
    };
    this.setHosts([...this.destinations.values()].map((destination) => destination.options).concat(options));
    const host = this.cluster.hosts.find((entry) => entry.address.ip === ip && entry.address.port === port);
    if (host === undefined) return undefined;
    this.destinations.set(key, { host, options, used: true });
    this.timer ??= after(this.runtime.timers, this.options.cleanupIntervalMs, () => this.cleanUp());
    return host;
  }

  /** Where the request says that it goes. */
  private named(cx: LoadBalancerContext): SocketAddress | undefined {
    const { header } = this.options;
    const text = header === '' ? undefined : cx.stream?.requestHeaders.get(header);
    if (text === undefined) return undefined;
    const address = parseAddress(text);
    if (address === undefined) this.cluster.requestStats.originalDstHostInvalid.inc();
    return address;
  }

  private cleanUp(): void {
    let dropped = false;
    for (const [key, destination] of this.destinations) {
      if (!destination.used && destination.host.stats.cxActive === 0) {
        this.destinations.delete(key);
        dropped = true;
      }
      destination.used = false;
    }
    if (dropped) this.setHosts([...this.destinations.values()].map(({ options }) => options));
    this.timer =
      this.destinations.size === 0
        ? undefined
        : after(this.runtime.timers, this.options.cleanupIntervalMs, () => this.cleanUp());
  }

  private setHosts(hosts: readonly HostOptions[]): void {
    this.cluster.setHosts(hosts);
  }
}

/** Where the client was going; nothing where it meant to come here, or the proxy would call itself. */
function restored(cx: LoadBalancerContext): SocketAddress | undefined {
  const downstream = cx.stream?.info.downstream ?? cx.downstream;
  return downstream?.localAddressRestored === true ? downstream.localAddress : undefined;
}

/** `1.2.3.4:80` or `[::1]:80`. */
function parseAddress(text: string): SocketAddress | undefined {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const ip = six ?? four ?? '';
  const port = Number(digits);
  return isIP(ip) > 0 && port > 0 && port < 65_536 ? socketAddress(ip, port) : undefined;
}
