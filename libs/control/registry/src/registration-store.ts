import type { WorkloadRegistration } from '@weft/control-mesh';
import { after, type Runtime, type Timer } from '@weft/core-runtime';
import { NO_RUN, type RegistrationHolder, type RegistrationRun } from './registration-run.ts';

/** Hears what changes; a lease that is renewed changes nothing. */
export interface RegistrationListener {
  onRegistered(registration: WorkloadRegistration): void;
  onUnregistered(registration: WorkloadRegistration): void;
}

/** Where registrations outlive the control plane: what is kept is there again after a restart. */
export interface RegistrationMemory {
  /** `''`: nothing is kept. */
  load(): string;
  save(text: string): void;
}

export interface RegistrationStoreOptions {
  readonly runtime: Runtime;
  readonly listener: RegistrationListener;
  readonly memory?: RegistrationMemory;
  /** How long a registration holds without being renewed, in milliseconds. Default 15,000. */
  readonly leaseMs?: number;
}

const LEASE_MS = 15_000;

interface Leased {
  readonly registration: WorkloadRegistration;
  readonly text: string;
  readonly holder: RegistrationHolder;
  timer: Timer;
}

/** A workload that did not renew, and did not come back. */
export interface ExpiredRegistration {
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** How long it is told of those. */
const REMEMBER_MS = 3_600_000;

/** The workloads that registered themselves, each until its lease ends. */
export class RegistrationStore {
  readonly leaseMs: number;
  private readonly runtime: Runtime;
  private readonly listener: RegistrationListener;
  private readonly memory: RegistrationMemory | undefined;
  private readonly leased = new Map<string, Leased>();
  private readonly lost = new Map<string, ExpiredRegistration>();

  /** What was kept gets a whole lease: its processes renew when they find the control plane again. */
  constructor({ runtime, listener, memory, leaseMs = LEASE_MS }: RegistrationStoreOptions) {
    this.runtime = runtime;
    this.listener = listener;
    this.memory = memory;
    this.leaseMs = leaseMs;
    for (const { registration, run } of kept(memory?.load() ?? '')) this.put(registration, run);
  }

  /** Registers, or renews; tells whether anything is new. Whether the run may have the name is asked before. */
  put(registration: WorkloadRegistration, { id, process }: RegistrationRun = NO_RUN): boolean {
    const key = keyOf(registration);
    const text = JSON.stringify(registration);
    const before = this.leased.get(key);
    before?.timer.cancel();
    this.lost.delete(key);
    const timer = after(this.runtime.timers, this.leaseMs, () => this.expire(key));
    const isRenewal = before?.holder.run === id;
    const holder = { run: id, process, renewals: isRenewal ? before.holder.renewals + 1 : 0 };
    this.leased.set(key, { registration, text, holder, timer });
    const changed = before?.text !== text;
    if (changed) this.listener.onRegistered(registration);
    if (changed || !isRenewal) this.save();
    return changed;
  }

  /** False: there is no such registration. */
  remove(namespace: string, name: string): boolean {
    const key = keyOf({ namespace, name });
    const before = this.leased.get(key);
    if (before === undefined) return false;
    before.timer.cancel();
    this.leased.delete(key);
    this.listener.onUnregistered(before.registration);
    this.save();
    return true;
  }

  get(namespace: string, name: string): WorkloadRegistration | undefined {
    return this.leased.get(keyOf({ namespace, name }))?.registration;
  }

  /** Which run has a name; undefined: none. */
  holder(namespace: string, name: string): RegistrationHolder | undefined {
    return this.leased.get(keyOf({ namespace, name }))?.holder;
  }

  /** By namespace and name. */
  all(): readonly WorkloadRegistration[] {
    const keys = [...this.leased.keys()].sort();
    return keys.map((key) => (this.leased.get(key) as Leased).registration);
  }

  /** Those that expired in the last hour. */
  expired(): readonly ExpiredRegistration[] {
    const since = this.runtime.clock.wallMs() - REMEMBER_MS;
    for (const [key, { atMs }] of this.lost) if (atMs < since) this.lost.delete(key);
    return [...this.lost.values()];
  }

  /** Ends all leases without telling anybody: the control plane stops, its workloads do not. */
  close(): void {
    for (const { timer } of this.leased.values()) timer.cancel();
    this.leased.clear();
  }

  private expire(key: string): void {
    const lost = this.leased.get(key);
    if (lost === undefined) return;
    const { namespace, name } = lost.registration;
    this.runtime.loggers
      .get('registry')
      .warning(`${namespace}/${name} did not renew its registration for ${this.leaseMs / 1000} s: it is taken out`);
    this.remove(namespace, name);
    this.lost.set(key, { namespace, name, atMs: this.runtime.clock.wallMs() });
  }

  private save(): void {
    const list = this.all().map((registration): KeptRegistration => {
      const { run = '', process = '' } = this.holder(registration.namespace, registration.name) ?? {};
      return run === '' ? registration : { ...registration, run, process };
    });
    this.memory?.save(`${JSON.stringify(list, null, 2)}\n`);
  }
}

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** As it is on disk: whose it is comes back with it, or a second run could take the name while the control plane restarts. */
interface KeptRegistration extends WorkloadRegistration {
  readonly run?: string;
  readonly process?: string;
}

interface Kept {
  readonly registration: WorkloadRegistration;
  readonly run: RegistrationRun;
}

/** A file that is damaged is worth no more than none: every workload registers again within a third of a lease. */
function kept(text: string): readonly Kept[] {
  try {
    const list: unknown = text === '' ? [] : JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return (list as readonly KeptRegistration[])
      .filter(({ name }) => typeof name === 'string')
      .map(({ run = '', process = '', ...registration }) => ({
        registration,
        run: { id: run, process, replaces: '' },
      }));
  } catch {
    return [];
  }
}
