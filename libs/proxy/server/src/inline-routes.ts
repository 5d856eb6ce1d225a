import type { DecodeContext } from '@weft/api-envoy';
import type { VirtualHost } from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import type { StatsScope } from '@weft/core-stats';
import type { ConfigSource } from '@weft/model-config-source';
import type { RouteTable } from '@weft/model-route';
import type { GrowingRoutes, RouteProvider, RouteRequest, RouteRequestOwner } from '@weft/proxy-filter-api';
import type { SubscriptionFactory } from '@weft/xds-client';
import { VirtualHostDiscovery, type RoutesWithHosts } from './virtual-host-discovery.ts';

/** The routes that a connection manager has in its own configuration, where more virtual hosts come to them one by one. */
export class InlineRoutes implements RouteProvider, RoutesWithHosts {
  table: RouteTable;
  private readonly routes: GrowingRoutes;
  private readonly hosts: VirtualHostDiscovery;

  constructor(
    routes: GrowingRoutes & { readonly source: ConfigSource },
    world: { readonly subscriptions: SubscriptionFactory; readonly stats: StatsScope },
  ) {
    this.table = routes.table;
    this.routes = routes;
    this.hosts = new VirtualHostDiscovery(this, { source: routes.source, ...world });
  }

  get name(): string {
    return this.table.name;
  }

  request(host: string, owner: RouteRequestOwner): RouteRequest {
    return this.hosts.request(host, owner);
  }

  tableWith(hosts: Iterable<VirtualHost>, cx: DecodeContext): RouteTable | undefined {
    return this.routes.tableWith([...hosts], cx);
  }

  use(table: RouteTable): void {
    this.table = table;
  }

  close(): void {
    this.hosts.close();
  }
}
