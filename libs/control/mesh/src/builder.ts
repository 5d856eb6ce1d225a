import type { ServiceEntrySpec, ServiceSpec, WorkloadEntrySpec } from '@weft/api-kube';
import { DEFAULT_MESH_CONFIG, type MeshConfig } from './config.ts';
import { dnsEndpoint, listedEndpoints, serves, workloadEndpoints } from './endpoints.ts';
import { fullHostName } from './host-name.ts';
import { refKey, type MeshObject, type ObjectRef } from './object.ts';
import { isPolicy, sortPolicies, type Policies } from './policies.ts';
import { kubeHost, serviceOfKube, serviceOfRegistrations, servicesOfEntry } from './service-sources.ts';
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
const SERVICE = '/Service';

/**
 * Collects resources and registrations, and makes snapshots of them. What a change costs: of an endpoint or registration,
 * the endpoints of the services that it serves or served, found among those of its namespace; of a service, all services of
 * its host and their endpoints; of a policy, sorting the policies again. Every snapshot after a change copies the maps that
 * changed (10,000 entries: below a millisecond); lists and values that stayed are the same objects as before.
 */
export class MeshSnapshotBuilder {
  private readonly config: MeshConfig;
  private readonly objects = new Map<string, MeshObject>();
  private readonly registrations = new Map<string, WorkloadRegistration>();
  private services: ReadonlyMap<string, MeshService> = new Map();
  private endpoints: ReadonlyMap<string, readonly MeshEndpoint[]> = new Map();
  private workloads: ReadonlyMap<string, Workload> = new Map();
  private policies: Policies = sortPolicies([]);
  /** Services by `namespace/hostname` and workloads by `namespace/name` that are to be looked at again. */
  private readonly staleServices = new Set<string>();
  private readonly staleWorkloads = new Set<string>();
  private stalePolicies = false;
  private version = 0;
  private last: MeshSnapshot | undefined;

  constructor(config: Partial<MeshConfig> = {}) {
    this.config = Object.freeze({ ...DEFAULT_MESH_CONFIG, ...config });
  }

  /** Adds a resource or takes the place of the one with its name. The same object again changes nothing. */
  set(object: MeshObject): void {
    const key = refKey(object.ref);
    const before = this.objects.get(key);
    if (before === object) return;
    this.objects.set(key, object);
    if (before !== undefined) this.touch(before);
    this.touch(object);
  }

  remove(ref: ObjectRef): void {
    const before = this.objects.get(refKey(ref));
    if (before === undefined) return;
    this.objects.delete(refKey(ref));
    this.touch(before);
  }

  /** All resources at once: what is not among them goes. */
  replace(objects: readonly MeshObject[]): void {
    const keep = new Set(objects.map(({ ref }) => refKey(ref)));
    for (const [key, { ref }] of this.objects) if (!keep.has(key)) this.remove(ref);
    for (const object of objects) this.set(object);
  }

  register(registration: WorkloadRegistration): void {
    this.registrations.set(workloadKey(registration), registration);
    this.touchRegistration(registration);
  }

  unregister(namespace: string, name: string): void {
    const key = workloadKey({ namespace, name });
    const before = this.registrations.get(key);
    if (before === undefined) return;
    this.registrations.delete(key);
    this.touchRegistration(before);
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
    const { config, version, services, endpoints, workloads, policies } = this;
    this.last = Object.freeze({ config, version, services, endpoints, workloads, policies });
    return this.last;
  }

  private touch(object: MeshObject): void {
    const { ref } = object;
    if (isPolicy(ref)) this.stalePolicies = true;
    switch (`${ref.group}/${ref.kind}`) {
      case SERVICE_ENTRY:
        for (const service of servicesOfEntry(object as MeshObject<ServiceEntrySpec>))
          this.staleServices.add(serviceKey(service));
        break;
      case SERVICE:
        this.staleServices.add(serviceKey(serviceOfKube(object as MeshObject<ServiceSpec>, this.config)));
        break;
      case WORKLOAD_ENTRY:
        this.staleWorkloads.add(workloadKey(ref));
        break;
    }
  }

  private touchRegistration(registration: WorkloadRegistration): void {
    this.staleWorkloads.add(workloadKey(registration));
    if (registration.service === '') return;
    const { namespace } = registration;
    this.staleServices.add(serviceKey({ namespace, hostname: this.registeredHost(registration.service, namespace) }));
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
    const described = this.describedServices();
    for (const key of this.staleServices) {
      const service = described.get(key) ?? this.fromRegistrations(key);
      if (service === undefined) services.delete(key);
      else services.set(key, service);
    }
    this.services = services;
  }

  /** What documents say, for the services to be looked at again; the oldest document of a host wins. */
  private describedServices(): Map<string, MeshService> {
    const described = new Map<string, MeshService>();
    for (const object of this.objects.values())
      for (const service of this.servicesOf(object)) {
        const key = serviceKey(service);
        if (!this.staleServices.has(key)) continue;
        const other = described.get(key);
        if (other === undefined || service.createdAtMs < other.createdAtMs) described.set(key, service);
      }
    return described;
  }

  private servicesOf(object: MeshObject): MeshService[] {
    const kind = `${object.ref.group}/${object.ref.kind}`;
    if (kind === SERVICE_ENTRY) return servicesOfEntry(object as MeshObject<ServiceEntrySpec>);
    return kind === SERVICE ? [serviceOfKube(object as MeshObject<ServiceSpec>, this.config)] : [];
  }

  private fromRegistrations(key: string): MeshService | undefined {
    const all = [...this.registrations.values()].filter(({ service, namespace }) => {
      if (service === '') return false;
      const short = service.split('.')[0] ?? service;
      return [this.registeredHost(service, namespace), kubeHost(short, namespace, this.config)].some(
        (hostname) => serviceKey({ namespace, hostname }) === key,
      );
    });
    const [first] = all;
    return first && serviceOfRegistrations(key.slice(first.namespace.length + 1), first.namespace, all);
  }

  private buildWorkloads(): void {
    if (this.staleWorkloads.size === 0) return;
    const workloads = new Map(this.workloads);
    for (const key of this.staleWorkloads) {
      for (const old of [this.workloads.get(key)]) if (old !== undefined) this.touchServed(old);
      const entry = this.objects.get(`${WORKLOAD_ENTRY}/${key}`) as MeshObject<WorkloadEntrySpec> | undefined;
      const registration = this.registrations.get(key);
      const workload = mergeWorkloads(
        entry && workloadOfEntry(entry, this.config),
        registration && workloadOfRegistration(registration, this.config),
      );
      if (workload === undefined) workloads.delete(key);
      else {
        workloads.set(key, workload);
        this.touchServed(workload);
      }
    }
    this.staleWorkloads.clear();
    this.workloads = workloads;
  }

  private touchServed(workload: Workload): void {
    const host = this.registeredHost(workload.service, workload.namespace);
    for (const [key, service] of this.services) if (serves(workload, service, host)) this.staleServices.add(key);
  }

  private buildEndpoints(): void {
    if (this.staleServices.size === 0) return;
    const endpoints = new Map(this.endpoints);
    for (const key of this.staleServices) {
      const service = this.services.get(key);
      if (service === undefined) endpoints.delete(key);
      else endpoints.set(key, Object.freeze(this.endpointsOf(service)));
    }
    this.staleServices.clear();
    this.endpoints = endpoints;
  }

  private endpointsOf(service: MeshService): MeshEndpoint[] {
    const listed = this.listed(service);
    const served = [...this.workloads.values()]
      .filter((workload) => serves(workload, service, this.registeredHost(workload.service, workload.namespace)))
      .flatMap((workload) => workloadEndpoints(workload, service));
    return [...listed, ...served];
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
