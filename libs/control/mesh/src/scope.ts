import type { SidecarSpec } from '@weft/api-kube';
import { declared, visibleServices } from './declared-hosts.ts';
import { egressOf, type EgressListener, type EgressPart } from './egress.ts';
import { MESH_GATEWAY } from './gateway-names.ts';
import type { MeshObject } from './object.ts';
import type { MeshProxy } from './proxy.ts';
import type { MeshService } from './service.ts';
import { sidecarFor } from './sidecar.ts';
import { resolveHost, type MeshSnapshot } from './snapshot.ts';
import { virtualServicesAt, type BoundVirtualService } from './virtual-service.ts';

/** What one sidecar is told of the mesh. */
export interface ProxyScope {
  /** Why it is this much. */
  readonly by: 'Sidecar' | 'upstreams' | 'visibility';
  readonly sidecar: MeshObject<SidecarSpec> | undefined;
  /** Those that it can call: it has listeners and routes for them. */
  readonly services: readonly MeshService[];
  /** Of the others it asks for clusters and endpoints when it calls them. The same list where it does not ask. */
  readonly told: readonly MeshService[];
  readonly onDemand: boolean;
  /** Those that steer its calls, oldest first. */
  readonly virtualServices: readonly BoundVirtualService[];
  /** Of both, what a captured sidecar takes calls for at whatever address and port they have. */
  readonly captured: EgressPart;
  /** Those of its Sidecar's egress listeners that have a port or an address of their own. */
  readonly listeners: readonly EgressListener[];
  readonly outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
}

/**
 * What a proxy declared: the egress hosts of its Sidecar, else its explicit upstreams and what it called, else every service
 * that its namespace may see, which a captured sidecar is told of when it calls them (`asksOnDemand`). Destinations of
 * VirtualServices in scope come along.
 */
export function scopeOf(snapshot: MeshSnapshot, proxy: MeshProxy): ProxyScope {
  const sidecar = sidecarFor(snapshot, proxy);
  const egress = sidecar?.spec.egress;
  const virtualServices = virtualServicesAt(snapshot, MESH_GATEWAY, proxy.namespace);
  const policy = sidecar?.spec.outboundTrafficPolicy?.mode ?? snapshot.config.outboundTrafficPolicy;
  const base = { sidecar, outboundTrafficPolicy: policy };
  if (egress !== undefined && egress.length > 0) {
    const hosts = egress.flatMap((listener) => listener.hosts);
    const { services, virtualServices: steering } = declared(snapshot, proxy, { hosts, virtualServices });
    const full = inFull({ services, virtualServices: steering });
    const parted = egress.some(({ port, bind = '', captureMode }) => port ?? (bind !== '' || captureMode === 'NONE'));
    const parts = parted ? egressOf(snapshot, proxy, { egress, virtualServices }) : {};
    return { ...base, by: 'Sidecar', ...full, ...parts };
  }
  const called = [...proxy.upstreams.map(({ host }) => host), ...proxy.dialled];
  const onDemand = asksOnDemand(snapshot, proxy, sidecar);
  if (called.length > 0 && !onDemand) {
    const hosts = called.map((host) => `*/${resolveHost(snapshot, host, proxy.namespace)}`);
    const { services, virtualServices: steering } = declared(snapshot, proxy, { hosts, virtualServices });
    return { ...base, by: 'upstreams', ...inFull({ services, virtualServices: steering }) };
  }
  const services = visibleServices(snapshot, proxy);
  const told = onDemand ? services.filter(toldAtOnce(snapshot, proxy)) : services;
  return { ...base, by: 'visibility', ...inFull({ services, virtualServices }), told, onDemand };
}

/**
 * True for a captured sidecar that may call whatever it sees and gets clusters when it calls: it declared nothing, and its
 * stream is one on which it can ask.
 */
export function asksOnDemand(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  sidecar: MeshObject<SidecarSpec> | undefined = sidecarFor(snapshot, proxy),
): boolean {
  const { role, traffic, onDemand = false, upstreams } = proxy;
  const captured = onDemand && role === 'sidecar' && traffic === 'capture' && upstreams.length === 0;
  return captured && snapshot.config.scope !== 'mesh' && (sidecar?.spec.egress ?? []).length === 0;
}

/** What it called before, and what its namespace or a filter that cannot wait needs at once. */
function toldAtOnce(snapshot: MeshSnapshot, { dialled, namespace }: MeshProxy): (service: MeshService) => boolean {
  const { scope, redisFilter = false } = snapshot.config;
  const hosts = new Set(dialled.map((host) => resolveHost(snapshot, host, namespace)));
  return (service) =>
    hosts.has(service.hostname) ||
    (scope === 'namespace' && service.namespace === namespace) ||
    (redisFilter && service.ports.some(({ protocol }) => protocol === 'redis'));
}

function inFull(
  part: EgressPart,
): Pick<ProxyScope, 'services' | 'virtualServices' | 'told' | 'onDemand' | 'captured' | 'listeners'> {
  return { ...part, told: part.services, onDemand: false, captured: part, listeners: [] };
}
