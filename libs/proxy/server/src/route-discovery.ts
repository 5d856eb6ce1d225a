import { reportUnsupported, type DecodeContext } from '@weft/api-envoy';
import type { VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import { decodeRouteConfiguration, type RouteTable } from '@weft/model-route';
import { readBody, routeFilterConfigs } from '@weft/proxy-hcm';
import { httpFilterFactories } from '@weft/proxy-http-filters';
import type { RouteProvider, RouteRequest, RouteRequestOwner } from '@weft/proxy-filter-api';
import type {
  ReceivedResource,
  ResourceUpdate,
  ResourceWatcher,
  Subscription,
  SubscriptionFactory,
} from '@weft/xds-client';
import { supported } from './support.ts';
import { VirtualHostDiscovery, type RoutesWithHosts } from './virtual-host-discovery.ts';

const ROUTE_CONFIGURATION = 'envoy.config.route.v3.RouteConfiguration';

/** One route configuration that comes by RDS, shared by all connection managers that name it. */
export interface DiscoveredRoutes {
  readonly name: string;
  readonly message: RouteConfiguration | undefined;
  readonly version: string;
  readonly updatedMs: number;
  /** The first table is still waited for. */
  readonly pending: Promise<void> | undefined;
}

/** RDS: keeps one subscription for each route configuration and source, as long as somebody uses it. */
export class RouteDiscovery {
  private readonly runtime: Runtime;
  private readonly subscriptions: SubscriptionFactory;
  private readonly entries = new Map<string, Entry>();

  constructor(runtime: Runtime, subscriptions: SubscriptionFactory) {
    this.runtime = runtime;
    this.subscriptions = subscriptions;
  }

  /** `stats` is the scope of the connection manager that asks first. */
  subscribe(name: string, source: ConfigSource, stats: StatsScope): RouteProvider {
    const key = `${name} ${JSON.stringify(source)}`;
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = new Entry(name, this.runtime, { subscriptions: this.subscriptions, stats });
      this.entries.set(key, entry);
      entry.start(
        this.subscriptions.subscribe({
          source,
          typeName: ROUTE_CONFIGURATION,
          names: [name],
          stats: stats.scope(`rds.${name}.`),
          watcher: entry,
        }),
      );
    }
    return this.hold(key, entry);
  }

  private hold(key: string, entry: Entry): RouteProvider {
    entry.users += 1;
    return {
      get table() {
        return entry.table;
      },
      request: (host, owner) => entry.request(host, owner),
      get pending() {
        return entry.pending;
      },
      close: () => this.release(key, entry),
    };
  }

  /** For /config_dump. */
  get all(): readonly DiscoveredRoutes[] {
    return [...this.entries.values()];
  }

  close(): void {
    for (const entry of this.entries.values()) entry.close();
    this.entries.clear();
  }

  private release(key: string, entry: Entry): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.close();
    this.entries.delete(key);
  }
}

class Entry implements ResourceWatcher, DiscoveredRoutes, RoutesWithHosts {
  readonly needsResource = true;
  readonly name: string;
  users = 0;
  table: RouteTable | undefined;
  message: RouteConfiguration | undefined;
  version = '';
  updatedMs = 0;
  subscription: Subscription | undefined;
  /** Resolves with the first table, or when it came too late to be waited for; undefined from then on. */
  pending: Promise<void> | undefined;
  private readonly runtime: Runtime;
  private readonly world: { readonly subscriptions: SubscriptionFactory; readonly stats: StatsScope };
  private hosts: VirtualHostDiscovery | undefined;
  private hostsFrom = '';

  constructor(name: string, runtime: Runtime, world: Entry['world']) {
    this.name = name;
    this.runtime = runtime;
    this.world = world;
  }

  request(host: string, owner: RouteRequestOwner): RouteRequest | undefined {
    return this.hosts?.request(host, owner);
  }

  tableWith(hosts: Iterable<VirtualHost>, cx: DecodeContext): RouteTable | undefined {
    const { message } = this;
    if (message === undefined) return undefined;
    return this.decodeMessage({ ...message, virtualHosts: [...message.virtualHosts, ...hosts] }, cx);
  }

  use(table: RouteTable): void {
    this.table = table;
    this.updatedMs = this.runtime.clock.wallMs();
  }

  close(): void {
    this.subscription?.close();
    this.hosts?.close();
  }

  start(subscription: Subscription): void {
    this.subscription = subscription;
    this.pending = subscription.start().finally(() => (this.pending = undefined));
  }

  onUpdate({ added }: ResourceUpdate): Promise<void> {
    for (const received of added) {
      const table = this.decode(received);
      if (table === undefined || received.cx.faults.length > 0) continue;
      this.table = table;
      this.message = received.message as RouteConfiguration;
      this.version = received.version;
      this.updatedMs = this.runtime.clock.wallMs();
      this.followHosts(table.vhds);
    }
    return Promise.resolve();
  }

  judge({ added }: ResourceUpdate): void {
    for (const resource of added) this.decode(resource);
  }

  private decode({ message, cx }: ReceivedResource): RouteTable | undefined {
    reportUnsupported(message, supported, cx);
    const { virtualHosts, ...rest } = message as RouteConfiguration;
    // What came one by one stays, unless the source of it is another.
    const kept = rest.vhds === undefined ? [] : [...(this.hosts?.all ?? [])];
    return this.decodeMessage({ ...rest, virtualHosts: [...virtualHosts, ...kept] }, cx);
  }

  private decodeMessage(message: RouteConfiguration, cx: DecodeContext): RouteTable | undefined {
    return decodeRouteConfiguration(message, cx, { readBody, filterConfig: routeFilterConfigs(httpFilterFactories) });
  }

  /** VHDS follows the routes that name it. */
  private followHosts(source: ConfigSource | undefined): void {
    const from = source === undefined ? '' : JSON.stringify(source);
    if (from === this.hostsFrom) return;
    this.hosts?.close();
    this.hostsFrom = from;
    this.hosts = source && new VirtualHostDiscovery(this, { source, ...this.world });
  }
}
