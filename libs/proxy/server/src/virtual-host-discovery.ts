import { DecodeContext, reportUnsupported, sourceNamed } from '@weft/api-envoy';
import type { VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import type { RouteTable } from '@weft/model-route';
import type { RouteRequest, RouteRequestOwner } from '@weft/proxy-filter-api';
import type { ResourceUpdate, ResourceWatcher, Subscription, SubscriptionFactory } from '@weft/xds-client';
import { supported } from './support.ts';

const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';

/** The routes that virtual hosts are added to. */
export interface RoutesWithHosts {
  readonly name: string;
  readonly table: RouteTable | undefined;
  /** The table with these; faults go to `cx`, and undefined is given. Nothing is put to use. */
  tableWith(hosts: Iterable<VirtualHost>, cx: DecodeContext): RouteTable | undefined;
  /** Puts it to use. */
  use(table: RouteTable): void;
}

/**
 * VHDS: the virtual hosts of one route configuration that came one by one, and who waits for more. A host is asked for as
 * `<route configuration>/<host>`; what comes under that name or alias, or within the namespace, is added. Source: Envoy's VHDS.
 */
export class VirtualHostDiscovery implements ResourceWatcher {
  private readonly routes: RoutesWithHosts;
  private readonly subscription: Subscription;
  private readonly names = new Set<string>();
  private readonly waiting = new Map<string, Set<RouteRequestOwner>>();
  private hosts: ReadonlyMap<string, VirtualHost> = new Map();

  constructor(
    routes: RoutesWithHosts,
    world: { readonly source: ConfigSource; readonly subscriptions: SubscriptionFactory; readonly stats: StatsScope },
  ) {
    this.routes = routes;
    const stats = world.stats.scope(`vhds.${routes.name}.`);
    stats.counter('empty_update');
    const { source, subscriptions } = world;
    this.subscription = subscriptions.subscribe({
      source,
      typeName: VIRTUAL_HOST,
      names: [this.namespace],
      stats,
      watcher: this,
    });
    void this.subscription.start();
  }

  /** What is there now. */
  get all(): Iterable<VirtualHost> {
    return this.hosts.values();
  }

  request(host: string, owner: RouteRequestOwner): RouteRequest {
    const name = this.namespace + host;
    let owners = this.waiting.get(name);
    if (owners === undefined) {
      this.waiting.set(name, (owners = new Set()));
      this.ask(name);
    }
    owners.add(owner);
    const held = owners;
    return { cancel: () => held.delete(owner) };
  }

  onUpdate({ added, removed }: ResourceUpdate): Promise<void> {
    const next = new Map(this.hosts);
    for (const name of removed) next.delete(name);
    if (next.size !== this.hosts.size) this.take(next, scratch(this.routes.name));
    for (const { name, message, cx } of added) {
      reportUnsupported(message, supported, cx);
      this.take(new Map(this.hosts).set(name, message as VirtualHost), cx);
    }
    this.settle(new Set(removed));
    return Promise.resolve();
  }

  judge({ added }: ResourceUpdate): void {
    for (const { message, cx } of added) {
      reportUnsupported(message, supported, cx);
      this.routes.tableWith([message as VirtualHost], cx);
    }
  }

  close(): void {
    this.subscription.close();
    this.settle(new Set(this.waiting.keys()));
  }

  private get namespace(): string {
    return `${this.routes.name}/`;
  }

  private ask(name: string): void {
    const known = this.names.has(name);
    this.names.add(name);
    if (known) this.subscription.askAgain?.([name]);
    else this.subscription.setNames?.([this.namespace, ...this.names]);
  }

  private take(hosts: ReadonlyMap<string, VirtualHost>, cx: DecodeContext): void {
    const table = this.routes.tableWith(hosts.values(), cx);
    if (table === undefined || cx.faults.length > 0) return;
    this.hosts = hosts;
    this.routes.use(table);
  }

  /** Whoever waits for a host that is there now, or that there is none of, goes on. */
  private settle(none: ReadonlySet<string>): void {
    for (const [name, owners] of [...this.waiting]) {
      const host = name.slice(this.namespace.length);
      if (!none.has(name) && this.routes.table?.index.findVirtualHost(host) === undefined) continue;
      this.waiting.delete(name);
      for (const owner of [...owners]) if (owners.delete(owner)) owner.onRoutes();
    }
  }
}

function scratch(name: string): DecodeContext {
  return new DecodeContext(sourceNamed(name));
}
