/** The newest certificate that an identity was given. Times are milliseconds since the epoch. */
export interface IssuedLeaf {
  /** `spiffe://…` */
  readonly identity: string;
  readonly issuedMs: number;
  readonly notAfterMs: number;
}

/** How long what has expired is still told. */
const REMEMBER_MS = 3_600_000;
/** When the ledger looks for what to forget. */
const SWEEP_EVERY = 1000;

/** Who was given a certificate last when, since the control plane started: whoever stops renewing can be told by it. */
export class IssuedLeaves {
  private readonly leaves = new Map<string, IssuedLeaf>();
  private sinceSweep = 0;

  note(leaf: IssuedLeaf): void {
    this.leaves.set(leaf.identity, leaf);
    this.sinceSweep += 1;
    if (this.sinceSweep >= SWEEP_EVERY) this.sweep(leaf.issuedMs);
  }

  /** By identity; without those that expired an hour ago. */
  all(nowMs: number): readonly IssuedLeaf[] {
    this.sweep(nowMs);
    return [...this.leaves.values()].sort((a, b) => (a.identity < b.identity ? -1 : 1));
  }

  private sweep(nowMs: number): void {
    this.sinceSweep = 0;
    for (const [identity, { notAfterMs }] of this.leaves)
      if (notAfterMs + REMEMBER_MS < nowMs) this.leaves.delete(identity);
  }
}
