import type { WorkloadRegistration } from '@weft/control-mesh';

/** Which run of a workload speaks. A name belongs to one run at a time: two would tell each other's sidecar where to listen. */
export interface RegistrationRun {
  /** Drawn when the run starts; `''`: the caller names none, and holds the name against nobody. */
  readonly id: string;
  /** By which another run on its machine tells whether it lives: a process mark as JSON; `''`: it does not say. */
  readonly process: string;
  /** The run that it comes instead of, since that has ended; `''`: none that it knows of. */
  readonly replaces: string;
}

export const NO_RUN: RegistrationRun = Object.freeze({ id: '', process: '', replaces: '' });

/** Who has a name, for those that want it too. */
export interface RegistrationHolder {
  readonly run: string;
  readonly process: string;
  /** How often it renewed, as far as this control plane has heard: when it grows, the run lives. */
  readonly renewals: number;
}

/** Whether a run may register where `holder` did. */
export function mayReplace(run: RegistrationRun, holder: RegistrationHolder | undefined): boolean {
  return holder === undefined || holder.run === '' || holder.run === run.id || holder.run === run.replaces;
}

/** Says whose the name is, and how a second one beside it is called. `isFree`: of a name in the same namespace. */
export function takenText(
  { namespace, name, service, addresses, ports }: WorkloadRegistration,
  isFree: (name: string) => boolean,
): string {
  const [address = ''] = addresses;
  const port = ports[0]?.listenPort ?? ports[0]?.port;
  const host = address.includes(':') ? `[${address}]` : address;
  const where = address === '' ? '' : port === undefined ? `, at ${host}` : `, at ${host}:${port}`;
  const next = nextName(name, isFree);
  const beside = service === '' ? `one beside it: --name ${next}` : `a replica: --name ${next} --service ${service}`;
  return `${namespace}/${name} is already registered by another run${where}; for ${beside}`;
}

function nextName(name: string, isFree: (name: string) => boolean): string {
  const stem = name.replace(/-\d+$/, '');
  for (let number = 2; ; number += 1) if (isFree(`${stem}-${number}`)) return `${stem}-${number}`;
}
