import type { GRPCRouteSpec, HTTPRouteSpec } from '@weft/api-kube';
import { byAge, type MeshObject } from './object.ts';
import type { MeshService } from './service.ts';
import { resolveHost, type MeshSnapshot } from './snapshot.ts';

/** A route of the Gateway API. */
export type GatewayApiRoute =
  | { readonly kind: 'http'; readonly object: MeshObject<HTTPRouteSpec> }
  | { readonly kind: 'grpc'; readonly object: MeshObject<GRPCRouteSpec> };

type ParentRef = NonNullable<HTTPRouteSpec['parentRefs']>[number];

/** Every HTTPRoute and GRPCRoute, oldest first. */
export function gatewayApiRoutes({ policies }: MeshSnapshot): GatewayApiRoute[] {
  return [
    ...policies.httpRoutes.map((object): GatewayApiRoute => ({ kind: 'http', object })),
    ...policies.grpcRoutes.map((object): GatewayApiRoute => ({ kind: 'grpc', object })),
  ].sort((a, b) => byAge(a.object, b.object));
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
  const bound = gatewayApiRoutes(snapshot).filter(({ object }) =>
    parentRefs(object).some(
      (parent) =>
        isService(parent) &&
        (parent.port === undefined || parent.port === port) &&
        parentHost(snapshot, parent, object.ref.namespace) === service.hostname &&
        (parent.namespace ?? object.ref.namespace) === service.namespace,
    ),
  );
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
