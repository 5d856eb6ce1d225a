import type { CertificateAuthority, RunningProxy } from '@weft/testing-harness';

/** A proxy that is judged. */
export interface Peer {
  readonly name: 'weft' | 'envoy';
  start(bootstrap: object): Promise<RunningProxy>;
}

/** What the command line says beyond the checks and the peers. */
export interface Flags {
  readonly minutes: number;
  readonly gibibytes: number;
  readonly connections: number;
  /** Of endpoints, in ordering. */
  readonly changes: number;
  /** How long the control plane is away in outage. */
  readonly seconds: number;
}

export interface World {
  readonly ca: CertificateAuthority;
  readonly flags: Flags;
  say(line: string): void;
}

/** What a check found of one peer. */
export interface Report {
  /** A row of the table, and the peer's figure in it. */
  readonly rows: ReadonlyMap<string, string>;
  /** What went wrong, case by case. */
  readonly faults: readonly string[];
}

/** One command: it may fail for Envoy, whose figures stand beside ours. */
export interface Check {
  readonly name: string;
  readonly title: string;
  run(peer: Peer, world: World): Promise<Report>;
}
