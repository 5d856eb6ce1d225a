import { isVisible, refKey, serviceKey, type MeshService, type ObjectRef } from '@weft/control-mesh';
import { countProxies, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

/** ServiceEntries and Services: who may see them, and whether anybody serves them. */
export function serviceStatus(world: StatusWorld): ObjectStatus[] {
  const { services } = world.snapshot;
  const described = [...services.values()].filter(({ origin }) => origin !== undefined);
  const byOrigin = Map.groupBy(described, ({ origin }) => refKey(origin as ObjectRef));
  return [...byOrigin.values()].map((own) => {
    const [first] = own as [MeshService];
    const effectiveOn = countProxies(world, ({ namespace }) => own.some((service) => isVisible(service, namespace)));
    return { ref: first.origin as ObjectRef, effectiveOn, notes: own.flatMap((service) => notesOf(world, service)) };
  });
}

function notesOf({ snapshot }: StatusWorld, service: MeshService): StatusNote[] {
  const { resolution, selector, hostname } = service;
  if (resolution === 'NONE') return [];
  const endpoints = snapshot.endpoints.get(serviceKey(service)) ?? [];
  if (endpoints.length === 0)
    return [
      {
        kind: 'warning',
        message:
          selector === undefined
            ? `${hostname} has no endpoint: calls to it are answered 503`
            : `no workload has the labels of ${hostname}: calls to it are answered 503`,
      },
    ];
  const healthy = endpoints.filter((endpoint) => endpoint.healthy).length;
  return healthy > 0
    ? []
    : [{ kind: 'warning', message: `all ${endpoints.length} endpoints of ${hostname} are unhealthy` }];
}
