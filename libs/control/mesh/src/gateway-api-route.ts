import type { GRPCRouteSpec, HTTPRouteSpec } from '@weft/api-kube';
import { byAge, type MeshObject } from './object.ts';
import type { Policies } from './policies.ts';
import { serviceKey, type MeshService } from './service.ts';
import { resolveHost, type MeshSnapshot } from './snapshot.ts';

/** A route of the Gateway API. */
export type GatewayApiRoute =
  | { readonly kind: 'http'; readonly object: MeshObject<HTTPRouteSpec> }
  | { readonly kind: 'grpc'; readonly object: MeshObject<GRPCRouteSpec> };

type ParentRef = NonNullable<HTTPRouteSpec['parentRefs']>[number];

const sorted = new WeakMap<Policies, readonly GatewayApiRoute[]>();

/** Every HTTPRoute and GRPCRoute, oldest first. */
export function gatewayApiRoutes({ policies }: MeshSnapshot): readonly GatewayApiRoute[] {
  let routes = sorted.get(policies);
  if (routes === undefined) {
    routes = [
      ...policies.httpRoutes.map((object): GatewayApiRoute => ({ kind: 'http', object })),
      ...policies.grpcRoutes.map((object): GatewayApiRoute => ({ kind: 'grpc', object })),
    ].sort((a, b) => byAge(a.object, b.object));
    sorted.set(policies, routes);
  }
  return routes;
}

/** A route, and one of the services that it names as its parents. */
interface ServiceParent {
  readonly route: GatewayApiRoute;
  readonly port: number | undefined;
}

const byService = new WeakMap<MeshSnapshot, ReadonlyMap<string, readonly ServiceParent[]>>();

function parentsOf(snapshot: MeshSnapshot, service: MeshService): readonly ServiceParent[] {
  let index = byService.get(snapshot);
  if (index === undefined) {
    const all = gatewayApiRoutes(snapshot).flatMap((route) =>
      parentRefs(route.object)
        .filter(isService)
        .map((parent) => {
          const { namespace: own } = route.object.ref;
          const hostname = parentHost(snapshot, parent, own);
          return { key: serviceKey({ namespace: parent.namespace ?? own, hostname }), route, port: parent.port };
        }),
    );
    byService.set(snapshot, (index = Map.groupBy(all, ({ key }) => key)));
  }
  return index.get(serviceKey(service)) ?? [];
}

/**
 * The routes that steer calls of a namespace to a port of a service: those of the calling namespace, or if there are none
 * those of the service's own. Source: the Gateway API's mesh profile (consumer and producer routes).
 */
export function routesForService(
  snapshot: MeshSnapshot,
  call: { readonly service: MeshService; readonly port: number; readonly namespace: string },
): GatewayApiRoute[] {
  const { service, port, namespace } = call;
  const parents = parentsOf(snapshot, service).filter((parent) => parent.port === undefined || parent.port === port);
  const bound = [...new Set(parents.map(({ route }) => route))];
  const consumer = bound.filter(({ object }) => object.ref.namespace === namespace && namespace !== service.namespace);
  return consumer.length > 0 ? consumer : bound.filter(({ object }) => object.ref.namespace === service.namespace);
}

export function parentRefs({ spec }: MeshObject<HTTPRouteSpec | GRPCRouteSpec>): readonly ParentRef[] {
  return spec.parentRefs ?? [];
}

export function isService({ group, kind }: { readonly group?: string; readonly kind?: string }): boolean {
  return (
    (kind === 'Service' && (group === '' || group === 'core' || group === undefined)) ||
    (group === 'networking.istio.io' && (kind === 'ServiceEntry' || kind === 'Hostname'))
  );
}

/** The host of a parent or backend: a ServiceEntry or Hostname by its name, a Service by its name in its namespace. */
export function parentHost(
  snapshot: MeshSnapshot,
  ref: { readonly kind?: string; readonly name: string; readonly namespace?: string },
  namespace: string,
): string {
  return resolveHost(snapshot, ref.name, ref.namespace ?? namespace);
}
