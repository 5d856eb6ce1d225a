import type { Program } from './child.ts';
import type { ProbeOnce } from './health-watch.ts';

/** Where program and sidecar run: on the machine's own network, or in a namespace whose traffic is redirected. */
export interface WorkloadNetwork {
  /** Where others reach the workload. */
  readonly address: string;
  /** True: traffic is redirected to the sidecar's ports 15001 and 15006. */
  readonly captured: boolean;
  /** How the sidecar reaches the control plane: `host:port`, or `unix:/path`. */
  readonly controlPlane: string;
  wrapProxy(program: Program): Program;
  wrapProgram(program: Program): Program;
  /** Lets the sidecar's user read a file or folder of ours. */
  lend(path: string): void;
  /** Undefined: the usual way of probing works. */
  readonly probe: ((port: number) => ProbeOnce) | undefined;
  /** Undoes everything. */
  close(): Promise<void>;
}

/** The machine's own network. */
export function hostNetwork(address: string, controlPlane: string): WorkloadNetwork {
  return {
    address,
    captured: false,
    controlPlane,
    wrapProxy: (program) => program,
    wrapProgram: (program) => program,
    lend: () => undefined,
    probe: undefined,
    close: () => Promise.resolve(),
  };
}
