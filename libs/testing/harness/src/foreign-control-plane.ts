import { findGoProgram } from './go-programs.ts';
import { findJavaControlPlane } from './java-programs.ts';
import { startProcess, type RunningProcess } from './processes.ts';

/** A message of one xDS stream, as the control plane's own callbacks showed it. */
export interface StreamEvent {
  readonly stream: number;
  readonly from: 'proxy' | 'server';
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly names: readonly string[] | null;
  readonly removed: readonly string[] | null;
  /** A refusal's text. */
  readonly error: string;
}

/** go-control-plane or java-control-plane in a small program of ours. */
export interface ForeignControlPlane {
  /** Where it serves the aggregated stream, in plaintext. */
  readonly port: number;
  /** Gives a node its whole configuration: resources in JSON, each with its `@type`. */
  set(node: string, version: string, resources: readonly object[]): Promise<void>;
  /** Everything that its streams carried since it started. */
  events(): Promise<readonly StreamEvent[]>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

export type ForeignKind = 'go-control-plane' | 'java-control-plane';

/** Starts one, on `port` if that is given (a restart) and on one of the system's choice otherwise. */
export async function startForeignControlPlane(kind: ForeignKind, port = 0): Promise<ForeignControlPlane> {
  const process = await start(kind, ['-port', String(port)]);
  const [, xds = '', orders = ''] = await process.waitFor(/xds (\d+) orders (\d+)/);
  const at = `http://127.0.0.1:${orders}`;
  return {
    port: Number(xds),
    async set(node, version, resources) {
      const response = await fetch(`${at}/snapshot?${new URLSearchParams({ node, version }).toString()}`, {
        method: 'POST',
        body: JSON.stringify(resources),
      });
      if (!response.ok) throw new Error(`${kind} does not take the snapshot: ${await response.text()}`);
    },
    async events() {
      return (await (await fetch(`${at}/events`)).json()) as StreamEvent[];
    },
    async kill() {
      await process.stop('SIGKILL');
    },
  };
}

async function start(kind: ForeignKind, args: readonly string[]): Promise<RunningProcess> {
  const ready = /xds \d+ orders \d+/;
  if (kind === 'go-control-plane') {
    const found = await findGoProgram('control-plane');
    if ('reason' in found) throw new Error(found.reason);
    return startProcess({ command: found.binary, args, ready });
  }
  const found = await findJavaControlPlane();
  if ('reason' in found) throw new Error(found.reason);
  return startProcess({ command: 'java', args: [...found.args, ...args], ready, readyWithinMs: 60_000 });
}
