import { MeshSnapshotBuilder, type MeshConfig, type MeshSnapshot, type WorkloadRegistration } from '@weft/control-mesh';
import type { RegistrationListener } from '@weft/control-registry';
import type { ObjectChanges, ObjectSet, ObjectWatcher } from '@weft/control-sources';
import { Debouncer, type DebouncerOptions } from '@weft/xds-server';

/** The mesh as its documents and its running workloads say it is. Whoever owns it hears of a new one once there is quiet. */
export class MeshState implements ObjectWatcher, RegistrationListener {
  private readonly builder: MeshSnapshotBuilder;
  private readonly debouncer: Debouncer;
  private readonly onMesh: (mesh: MeshSnapshot) => void;
  private set: ObjectSet = { objects: new Map(), faults: [], refused: [] };

  constructor(config: Partial<MeshConfig>, debounce: DebouncerOptions, onMesh: (mesh: MeshSnapshot) => void) {
    this.builder = new MeshSnapshotBuilder(config);
    this.onMesh = onMesh;
    this.debouncer = new Debouncer(debounce, () => this.publish());
  }

  /** The documents, with what is wrong in them. */
  get objects(): ObjectSet {
    return this.set;
  }

  onObjects(set: ObjectSet, { added, changed, removed }: ObjectChanges): void {
    this.set = set;
    for (const object of [...added, ...changed]) this.builder.set(object);
    for (const { ref } of removed) this.builder.remove(ref);
    this.debouncer.trigger('documents');
  }

  onRegistered(registration: WorkloadRegistration): void {
    this.builder.register(registration);
    this.debouncer.trigger('workloads');
  }

  onUnregistered({ namespace, name }: WorkloadRegistration): void {
    this.builder.unregister(namespace, name);
    this.debouncer.trigger('workloads');
  }

  /** What health checks found of a workload. */
  setHealth({ namespace, name }: { readonly namespace: string; readonly name: string }, healthy: boolean): void {
    this.builder.setHealth(namespace, name, healthy);
    this.debouncer.trigger('health');
  }

  /** At the start nobody waits for quiet. */
  publish(): void {
    this.onMesh(this.builder.build());
  }

  close(): void {
    this.debouncer.close();
  }
}
