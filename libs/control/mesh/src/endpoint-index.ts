import { serves, workloadEndpoints } from './endpoints.ts';
import { serviceKey, type MeshEndpoint, type MeshService, type Workload } from './service.ts';

/** What the index asks of names. */
export interface RegisteredNames {
  /** The full name of the service that a workload registered for; `''` where it did not. */
  host(workload: Workload): string;
  /** Keys of every service that the name may mean. */
  keys(workload: Workload): readonly string[];
}

/**
 * Which workloads serve which services. A service is compared with the workloads that have one of its selector's labels or
 * that registered for it, a workload with the services that ask for one of its labels: never all with all.
 */
export class EndpointIndex {
  private readonly services = new Map<string, MeshService>();
  private readonly workloads = new Map<string, Workload>();
  /** Services by the first label of their selector, workloads by every label and by the service they registered for. */
  private readonly selecting = new Groups();
  private readonly labelled = new Groups();
  private readonly registered = new Groups();
  /** Endpoints by service, then by workload; and which services a workload serves. */
  private readonly served = new Map<string, Map<string, readonly MeshEndpoint[]>>();
  private readonly serving = new Groups();
  private readonly names: RegisteredNames;

  constructor(names: RegisteredNames) {
    this.names = names;
  }

  /** Takes a service, or what became of it, and finds its workloads anew. */
  setService(key: string, service: MeshService): void {
    this.deleteService(key);
    this.services.set(key, service);
    const label = firstLabel(service);
    if (label !== undefined) this.selecting.add(label, key);
    const found = new Map<string, readonly MeshEndpoint[]>();
    this.served.set(key, found);
    const candidates = new Set([...this.registered.get(key), ...(label === undefined ? [] : this.labelled.get(label))]);
    for (const name of candidates) {
      const workload = this.workloads.get(name);
      if (workload === undefined || !serves(workload, service, this.names.host(workload))) continue;
      found.set(name, workloadEndpoints(workload, service));
      this.serving.add(name, key);
    }
  }

  deleteService(key: string): void {
    const before = this.services.get(key);
    if (before === undefined) return;
    this.services.delete(key);
    const label = firstLabel(before);
    if (label !== undefined) this.selecting.remove(label, key);
    for (const name of this.served.get(key)?.keys() ?? []) this.serving.remove(name, key);
    this.served.delete(key);
  }

  /** Takes a workload; says which services it serves or served. */
  setWorkload(key: string, workload: Workload): string[] {
    const before = this.workloads.get(key);
    const touched = new Set(this.serving.get(key));
    if (before !== undefined) this.forget(key, before);
    this.workloads.set(key, workload);
    for (const label of labelsOf(workload)) this.labelled.add(label, key);
    const named = this.names.keys(workload);
    for (const name of named) this.registered.add(name, key);
    const host = this.names.host(workload);
    const candidates = new Set([
      ...touched,
      ...named,
      ...labelsOf(workload).flatMap((label) => [...this.selecting.get(label)]),
    ]);
    for (const name of candidates) {
      const service = this.services.get(name);
      if (service === undefined) continue;
      const found = this.served.get(name);
      if (serves(workload, service, host)) {
        found?.set(key, workloadEndpoints(workload, service));
        this.serving.add(key, name);
        touched.add(name);
      } else if (found?.delete(key) === true) this.serving.remove(key, name);
    }
    return [...touched];
  }

  deleteWorkload(key: string): string[] {
    const before = this.workloads.get(key);
    if (before === undefined) return [];
    this.workloads.delete(key);
    this.forget(key, before);
    const names = [...this.serving.get(key)];
    for (const name of names) {
      this.served.get(name)?.delete(key);
      this.serving.remove(key, name);
    }
    return names;
  }

  /** Of the workloads that serve a service, in the order in which they came. */
  endpointsOf(service: MeshService): MeshEndpoint[] {
    return [...(this.served.get(serviceKey(service))?.values() ?? [])].flat();
  }

  private forget(key: string, before: Workload): void {
    for (const label of labelsOf(before)) this.labelled.remove(label, key);
    for (const name of this.names.keys(before)) this.registered.remove(name, key);
  }
}

function firstLabel({ namespace, selector }: MeshService): string | undefined {
  const [first] = Object.entries(selector ?? {});
  return first && `${namespace}/${first[0]}=${first[1]}`;
}

function labelsOf({ namespace, labels }: Workload): string[] {
  return Object.entries(labels).map(([key, value]) => `${namespace}/${key}=${value}`);
}

const NOTHING: ReadonlySet<string> = new Set();

class Groups {
  private readonly sets = new Map<string, Set<string>>();

  get(key: string): ReadonlySet<string> {
    return this.sets.get(key) ?? NOTHING;
  }
  add(key: string, value: string): void {
    const set = this.sets.get(key);
    if (set === undefined) this.sets.set(key, new Set([value]));
    else set.add(value);
  }
  remove(key: string, value: string): void {
    const set = this.sets.get(key);
    if (set?.delete(value) === true && set.size === 0) this.sets.delete(key);
  }
}
