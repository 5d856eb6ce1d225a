import { DEFAULT_CAPTURE } from '@weft/agent-capture';
import { chmodSync, chownSync } from 'node:fs';
import type { Program } from './child.ts';

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
  /** Lets the sidecar's user go through a folder of ours, and change nothing in it. */
  enter(folder: string): void;
  /** Gives a file, a socket or a folder to the sidecar's user. */
  lend(path: string): void;
}

/** The machine's own network. */
export function hostNetwork(address: string, controlPlane: string): WorkloadNetwork {
  return {
    address,
    captured: false,
    controlPlane,
    wrapProxy: (program) => program,
    wrapProgram: (program) => program,
    enter: () => undefined,
    lend: () => undefined,
  };
}

/** Inside of a namespace whose traffic is redirected: the sidecar has a user of its own, by which its calls are known. */
export function capturedNetwork(address: string, controlPlane: string): WorkloadNetwork {
  const { proxyUid, proxyGid } = DEFAULT_CAPTURE;
  return {
    address,
    captured: true,
    controlPlane,
    wrapProxy: ({ command, args }) => ({
      command: 'setpriv',
      args: [
        `--reuid=${proxyUid}`,
        `--regid=${proxyGid}`,
        '--clear-groups',
        '--pdeathsig=TERM',
        '--',
        command,
        ...args,
      ],
    }),
    wrapProgram: (program) => program,
    enter: (folder) => chmodSync(folder, 0o711),
    lend: (path) => chownSync(path, proxyUid, proxyGid),
  };
}
