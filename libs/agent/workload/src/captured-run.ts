import {
  DEFAULT_CAPTURE,
  MACHINE,
  Relay,
  applyCapture,
  createNamespace,
  removeAbandonedNamespaces,
  removeNamespace,
  type NetworkNamespace,
} from '@weft/agent-capture';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Child, endingWithUs, exitCodeOf, type Program } from './child.ts';
import type { ControlPlaneAccess } from './control-plane-access.ts';
import { makeRunFolder } from './run-folder.ts';
import type { RunOptions } from './run-options.ts';
import { capturedNetwork, type WorkloadNetwork } from './workload-network.ts';

/** Tells the process inside of the namespace that it is there. Not for users; the program does not see it. */
export const INSIDE = 'WEFT_CAPTURED_NETWORK';

interface Inside {
  readonly address: string;
  readonly controlPlane: string;
  /** Undefined: it registers at the control plane's port. */
  readonly registry: string | undefined;
}

export interface CapturedRunOptions {
  readonly options: RunOptions;
  readonly access: ControlPlaneAccess;
  /** This command line again. */
  readonly again: Program;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onSignal: (forward: (signal: NodeJS.Signals) => void) => void;
}

/**
 * Runs this command again inside of a network namespace of its own. This process stays outside and passes on what the inside
 * cannot reach: the control plane on the machine's loopback. Its exit code is that of the inside.
 */
export async function runCaptured({ options, access, again, env, onSignal }: CapturedRunOptions): Promise<number> {
  const namespace = await createNamespace(
    MACHINE,
    options.upstreams.map(({ host }) => host),
  );
  const folder = makeRunFolder('net');
  // The sidecar's user has to get through to the sockets.
  chmodSync(folder, 0o711);
  const controlPlane = join(folder, 'xds.sock');
  const registry = join(folder, 'registry.sock');
  const relays = [
    new Relay(controlPlane, access.secure),
    ...(access.registry === undefined ? [] : [new Relay(registry, hostOf(access.registry))]),
  ];
  try {
    redirect(namespace);
    for (const relay of relays) await relay.listen();
    const inside: Inside = {
      address: namespace.address,
      controlPlane: `unix:${controlPlane}`,
      registry: access.registry === undefined ? undefined : `unix:${registry}`,
    };
    const args = ['netns', 'exec', namespace.name, again.command, ...again.args];
    const child = new Child(endingWithUs({ command: 'ip', args }), {
      env: { ...env, [INSIDE]: JSON.stringify(inside) },
      log: undefined,
      apart: true,
    });
    onSignal((signal) => child.kill(signal));
    return exitCodeOf(await child.ended);
  } finally {
    for (const relay of relays) relay.close();
    await removeNamespace(MACHINE, namespace.name);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The network and the access of the process inside; undefined: this one is not. */
export function insideOf(
  text: string | undefined,
  access: ControlPlaneAccess,
): { readonly network: WorkloadNetwork; readonly access: ControlPlaneAccess } | undefined {
  if (text === undefined) return undefined;
  const { address, controlPlane, registry } = JSON.parse(text) as Inside;
  return { network: capturedNetwork(address, controlPlane), access: { ...access, secure: controlPlane, registry } };
}

/** Takes away the networks of runs that were killed; their names. */
export function removeAbandoned(): Promise<readonly string[]> {
  return removeAbandonedNamespaces(MACHINE);
}

function redirect({ run, name }: NetworkNamespace): void {
  const { backend, missing } = applyCapture(run, DEFAULT_CAPTURE);
  if (missing.length > 0)
    throw new Error(`the traffic of ${name} is not redirected (${backend}); missing: ${missing.join('; ')}`);
}

function hostOf(url: string): string {
  return url.replace(/^http:\/\//, '').replace(/\/$/, '');
}
