import type { MeshConfig } from './config.ts';
import type { Policies } from './policies.ts';
import { fullHostName } from './host-name.ts';
import type { MeshEndpoint, MeshService, Workload } from './service.ts';

/** The mesh at one moment. Never changes: a change makes a new one, which shares what stayed the same. */
export interface MeshSnapshot {
  readonly config: MeshConfig;
  /** Grows with each change. */
  readonly version: number;
  /** By `namespace/hostname`. */
  readonly services: ReadonlyMap<string, MeshService>;
  /** By `namespace/hostname`; a list is replaced when one of its endpoints changes, and only then. */
  readonly endpoints: ReadonlyMap<string, readonly MeshEndpoint[]>;
  /** By `namespace/name`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly policies: Policies;
}

const byHost = new WeakMap<MeshSnapshot['services'], ReadonlyMap<string, readonly MeshService[]>>();

/** All services with this host, oldest first: more than one where namespaces describe the same host. */
export function servicesNamed({ services }: MeshSnapshot, hostname: string): readonly MeshService[] {
  let index = byHost.get(services);
  if (index === undefined) {
    index = Map.groupBy(services.values(), (service) => service.hostname);
    for (const list of index.values()) (list as MeshService[]).sort((a, b) => a.createdAtMs - b.createdAtMs);
    byHost.set(services, index);
  }
  return index.get(hostname) ?? [];
}

/** True where the host is known in any namespace. */
export function isKnownHost(snapshot: MeshSnapshot, hostname: string): boolean {
  return servicesNamed(snapshot, hostname).length > 0;
}

/** The service that clients in `namespace` mean by a host: their own namespace's, then the oldest they may see. */
export function findService(snapshot: MeshSnapshot, hostname: string, namespace: string): MeshService | undefined {
  const visible = servicesNamed(snapshot, hostname).filter((service) => isVisible(service, namespace));
  return visible.find((service) => service.namespace === namespace) ?? visible[0];
}

/** `exportTo`: whether something of a namespace is for clients in `from`. */
export function isVisible(
  what: { readonly namespace: string; readonly exportTo: readonly string[] | undefined },
  from: string,
): boolean {
  const { exportTo, namespace } = what;
  if (exportTo === undefined || exportTo.length === 0) return true;
  return exportTo.some((to) => to === '*' || to === from || (to === '.' && namespace === from));
}

/** The full name of a host that a resource of `namespace` names. */
export function resolveHost(snapshot: MeshSnapshot, host: string, namespace: string): string {
  const { domainSuffix } = snapshot.config;
  return fullHostName(host, { namespace, domainSuffix }, (name) => isKnownHost(snapshot, name));
}
