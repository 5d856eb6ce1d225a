import type {
  MeshConfigSpec,
  ServiceEntrySpec,
  ServiceSpec,
  WorkloadEntrySpec,
  WorkloadGroupSpec,
} from '@weft/api-kube';
import { DEFAULT_MESH_CONFIG, type MeshConfig } from './config.ts';
import { EndpointIndex } from './endpoint-index.ts';
import { dnsEndpoint, listedEndpoints } from './endpoints.ts';
import { fullHostName } from './host-name.ts';
import { refKey, type MeshObject, type ObjectRef } from './object.ts';
import { meshConfigOf, withMeshConfig } from './mesh-config.ts';
import { isPolicy, sortPolicies, type Policies } from './policies.ts';
import { serviceOfKube, serviceOfRegistrations, servicesOfEntry } from './service-sources.ts';
import {
  serviceKey,
  type MeshEndpoint,
  type MeshService,
  type Workload,
  type WorkloadRegistration,
} from './service.ts';
import type { MeshSnapshot } from './snapshot.ts';
import { mergeWorkloads, workloadOfEntry, workloadOfRegistration } from './workload-sources.ts';

const SERVICE_ENTRY = 'networking.istio.io/ServiceEntry';
const WORKLOAD_ENTRY = 'networking.istio.io/WorkloadEntry';
const WORKLOAD_GROUP = 'networking.istio.io/WorkloadGroup';
const SERVICE = '/Service';

/**
 * Collects resources and registrations, and makes snapshots of them. What a change costs: of a workload or registration, the
 * endpoint lists of the services that it serves or served; of a service, its own; of a policy, sorting the policies again.
 * A snapshot after a change copies the maps that changed (10,000 services with 100,000 workloads: some milliseconds); lists
 * and values that stayed are the same objects as before.
 */
export class MeshSnapshotBuilder {
  /** What was given at the start; a MeshConfig among the documents adds to it. */
  private readonly config: MeshConfig;
  private readonly objects = new Map<string, MeshObject>();
  private readonly registrations = new Map<string, WorkloadRegistration>();
  /** Keys of the resources that describe a service, and of the registrations for it, by the service's key. */
  private readonly describers = new Map<string, Set<string>>();
  private readonly registrants = new Map<string, Set<string>>();
  private readonly index: EndpointIndex;
  private services: ReadonlyMap<string, MeshService> = new Map();
  private endpoints: ReadonlyMap<string, readonly MeshEndpoint[]> = new Map();
  private workloads: ReadonlyMap<string, Workload> = new Map();
  private policies: Policies = sortPolicies([]);
  /** By `namespace/hostname` and by `namespace/name`: what is to be looked at again. */
  private readonly staleServices = new Set<string>();
  private readonly staleEndpoints = new Set<string>();
  private readonly staleWorkloads = new Set<string>();
  /** By health checks. */
  private readonly unhealthy = new Set<string>();
  private stalePolicies = false;
  /** What the documents' MeshConfig made of `config`. */
  private effective: { readonly mesh: MeshConfigSpec; readonly config: MeshConfig } | undefined;
  private version = 0;
  private last: MeshSnapshot | undefined;

  constructor(config: Partial<MeshConfig> = {}) {
    this.config = Object.freeze({ ...DEFAULT_MESH_CONFIG, ...config });
    this.index = new EndpointIndex({
      host: ({ service, namespace }) => this.registeredHost(service, namespace),
      keys: (workload) => registeredKeys(workload, this.config),
    });
  }

  /** Adds a resource or takes the place of the one with its name. The same object again changes nothing. */
  set(object: MeshObject): void {
    const key = refKey(object.ref);
    const before = this.objects.get(key);
    if (before === object) return;
    if (before !== undefined) this.forget(key, before);
    this.objects.set(key, object);
    for (const service of this.servicesOf(object)) note(this.describers, serviceKey(service), key);
    this.touch(object);
  }

  remove(ref: ObjectRef): void {
    const key = refKey(ref);
    const before = this.objects.get(key);
    if (before === undefined) return;
    this.objects.delete(key);
    this.forget(key, before);
  }

  /** All resources at once: what is not among them goes. */
  replace(objects: readonly MeshObject[]): void {
    const keep = new Set(objects.map(({ ref }) => refKey(ref)));
    for (const [key, { ref }] of this.objects) if (!keep.has(key)) this.remove(ref);
    for (const object of objects) this.set(object);
  }

  register(registration: WorkloadRegistration): void {
    const key = workloadKey(registration);
    const before = this.registrations.get(key);
    if (
      before !== undefined &&
      registeredKeys(before, this.config).join() !== registeredKeys(registration, this.config).join()
    )
      this.unregister(before.namespace, before.name);
    this.registrations.set(key, registration);
    for (const service of registeredKeys(registration, this.config)) note(this.registrants, service, key);
    this.touchRegistration(registration, before);
  }

  unregister(namespace: string, name: string): void {
    const key = workloadKey({ namespace, name });
    const before = this.registrations.get(key);
    if (before === undefined) return;
    this.registrations.delete(key);
    for (const service of registeredKeys(before, this.config)) this.registrants.get(service)?.delete(key);
    this.touchRegistration(before, undefined);
  }

  /** What health checks found of a workload; it is healthy where it says so itself and nobody found otherwise. */
  setHealth(namespace: string, name: string, healthy: boolean): void {
    const key = workloadKey({ namespace, name });
    if (healthy !== this.unhealthy.has(key)) return;
    if (healthy) this.unhealthy.delete(key);
    else this.unhealthy.add(key);
    this.staleWorkloads.add(key);
  }

  /** The mesh as it is now; the same snapshot as before where nothing changed. */
  build(): MeshSnapshot {
    const unchanged = this.staleServices.size + this.staleWorkloads.size === 0 && !this.stalePolicies;
    if (this.last !== undefined && unchanged) return this.last;
    this.buildServices();
    this.buildWorkloads();
    this.buildEndpoints();
    if (this.stalePolicies) this.policies = sortPolicies(this.objects.values());
    this.stalePolicies = false;
    this.version += 1;
    const { version, services, endpoints, workloads, policies } = this;
    const config = this.effectiveConfig();
    this.last = Object.freeze({ config, version, services, endpoints, workloads, policies });
    return this.last;
  }

  /** The same object as long as nothing of it changes. */
  private effectiveConfig(): MeshConfig {
    const mesh = meshConfigOf(this.policies, this.config)?.spec.data?.mesh;
    if (mesh === undefined) return this.config;
    if (this.effective?.mesh !== mesh) this.effective = { mesh, config: withMeshConfig(this.config, mesh) };
    return this.effective.config;
  }

  private forget(key: string, before: MeshObject): void {
    for (const service of this.servicesOf(before)) this.describers.get(serviceKey(service))?.delete(key);
    this.touch(before);
  }

  private touch(object: MeshObject): void {
    const { ref } = object;
    if (isPolicy(ref)) this.stalePolicies = true;
    const kind = `${ref.group}/${ref.kind}`;
    if (kind === WORKLOAD_ENTRY) this.staleWorkloads.add(workloadKey(ref));
    if (kind === WORKLOAD_GROUP)
      for (const [key, { namespace, group }] of this.registrations)
        if (namespace === ref.namespace && group === ref.name) this.staleWorkloads.add(key);
    for (const service of this.servicesOf(object)) this.staleServices.add(serviceKey(service));
  }

  /** The ports of a service that only registrations describe are theirs: a change of ports is a change of the service. */
  private touchRegistration(registration: WorkloadRegistration, before: WorkloadRegistration | undefined): void {
    this.staleWorkloads.add(workloadKey(registration));
    if (JSON.stringify(before?.ports) === JSON.stringify(registration.ports)) return;
    for (const key of registeredKeys(registration, this.config))
      if ((this.describers.get(key)?.size ?? 0) === 0 || !this.services.has(key)) this.staleServices.add(key);
  }

  /** The service that a workload says it serves, in full. */
  private registeredHost(service: string, namespace: string): string {
    if (service === '') return '';
    const { domainSuffix } = this.config;
    return fullHostName(service, { namespace, domainSuffix }, (name) =>
      this.services.has(serviceKey({ namespace, hostname: name })),
    );
  }

  private buildServices(): void {
    if (this.staleServices.size === 0) return;
    const services = new Map(this.services);
    const changed = [...this.staleServices].filter((key) => {
      const service = this.described(key) ?? this.fromRegistrations(key);
      const before = services.get(key);
      // The endpoints of a document that stayed the same service may have changed.
      if (service?.origin !== undefined) this.staleEndpoints.add(key);
      if (JSON.stringify(service) === JSON.stringify(before)) return false;
      if (service === undefined) services.delete(key);
      else services.set(key, service);
      return true;
    });
    this.staleServices.clear();
    if (changed.length === 0) return;
    this.services = services;
    // Names of registrations are read with all services known.
    for (const key of changed) {
      const service = services.get(key);
      if (service === undefined) this.index.deleteService(key);
      else this.index.setService(key, service);
      this.staleEndpoints.add(key);
    }
  }

  /** The oldest document of a host wins. */
  private described(key: string): MeshService | undefined {
    let oldest: MeshService | undefined;
    for (const source of this.describers.get(key) ?? []) {
      const object = this.objects.get(source);
      const service = object && this.servicesOf(object).find((one) => serviceKey(one) === key);
      if (service !== undefined && (oldest === undefined || service.createdAtMs < oldest.createdAtMs)) oldest = service;
    }
    return oldest;
  }

  private servicesOf(object: MeshObject): MeshService[] {
    const kind = `${object.ref.group}/${object.ref.kind}`;
    if (kind === SERVICE_ENTRY) return servicesOfEntry(object as MeshObject<ServiceEntrySpec>);
    return kind === SERVICE ? [serviceOfKube(object as MeshObject<ServiceSpec>, this.config)] : [];
  }

  /** A name that some document describes in another form is that document's. */
  private fromRegistrations(key: string): MeshService | undefined {
    const all = [...(this.registrants.get(key) ?? [])].flatMap((name) => this.registrations.get(name) ?? []);
    const [first] = all;
    if (first === undefined) return undefined;
    const [own, ...others] = registeredKeys(first, this.config);
    if (own !== key || others.some((other) => (this.describers.get(other)?.size ?? 0) > 0)) return undefined;
    return serviceOfRegistrations(key.slice(first.namespace.length + 1), first.namespace, all);
  }

  private buildWorkloads(): void {
    if (this.staleWorkloads.size === 0) return;
    const workloads = new Map(this.workloads);
    for (const key of this.staleWorkloads) {
      const entry = this.objects.get(`${WORKLOAD_ENTRY}/${key}`) as MeshObject<WorkloadEntrySpec> | undefined;
      const registration = this.registrations.get(key);
      const said = mergeWorkloads(
        entry && workloadOfEntry(entry, this.config),
        registration && workloadOfRegistration(registration, this.config, this.groupOf(registration)),
      );
      const workload = said && this.unhealthy.has(key) ? { ...said, healthy: false } : said;
      if (workload === undefined) {
        workloads.delete(key);
        this.touchEndpoints(this.index.deleteWorkload(key));
      } else {
        workloads.set(key, workload);
        this.touchEndpoints(this.index.setWorkload(key, workload));
      }
    }
    this.staleWorkloads.clear();
    this.workloads = workloads;
  }

  private groupOf({ namespace, group }: WorkloadRegistration): MeshObject<WorkloadGroupSpec> | undefined {
    if (group === undefined) return undefined;
    return this.objects.get(`${WORKLOAD_GROUP}/${namespace}/${group}`) as MeshObject<WorkloadGroupSpec> | undefined;
  }

  private touchEndpoints(keys: readonly string[]): void {
    for (const key of keys) this.staleEndpoints.add(key);
  }

  private buildEndpoints(): void {
    if (this.staleEndpoints.size === 0) return;
    const endpoints = new Map(this.endpoints);
    for (const key of this.staleEndpoints) {
      const service = this.services.get(key);
      if (service === undefined) endpoints.delete(key);
      else endpoints.set(key, Object.freeze([...this.listed(service), ...this.index.endpointsOf(service)]));
    }
    this.staleEndpoints.clear();
    this.endpoints = endpoints;
  }

  private listed(service: MeshService): MeshEndpoint[] {
    const object = service.origin && this.objects.get(refKey(service.origin));
    if (object === undefined) return [];
    if (object.ref.kind === 'ServiceEntry')
      return listedEndpoints(service, object.spec as ServiceEntrySpec, this.config);
    const { externalName } = object.spec as ServiceSpec;
    return service.resolution === 'DNS' && externalName !== undefined ? [dnsEndpoint(service, externalName)] : [];
  }
}

export function workloadKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** Every service that a registration may mean; the first is the one that it makes where nobody describes any. */
function registeredKeys(
  { service, namespace }: { readonly service: string; readonly namespace: string },
  { domainSuffix }: MeshConfig,
): string[] {
  if (service === '') return [];
  const [name = '', ns = namespace] = service.split('.');
  const full = `${name}.${ns}.svc.${domainSuffix}`;
  // A host of its own, such as db.example.com, is none of the cluster's.
  const isLocal = [name, `${name}.${ns}`, `${name}.${ns}.svc`, full].includes(service) && ns === namespace;
  const hosts = new Set(isLocal ? [full, service] : [service]);
  return [...hosts].map((hostname) => serviceKey({ namespace, hostname }));
}

function note(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
