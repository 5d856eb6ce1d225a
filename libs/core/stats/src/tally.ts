/** How many of a thing the whole process has, however many threads it runs: what limits are compared with. */
export interface Tally {
  readonly value: number;
  /** Adds (or, negative, takes off) and gives the new value. */
  add(amount: number): number;
}

/** Gives the tally of a name; the same name is the same tally on every thread. Asked when configuration is compiled. */
export type Tallies = (name: string) => Tally;

/** The tally of a process with one event loop. */
export class LocalTally implements Tally {
  value = 0;
  add(amount: number): number {
    return (this.value += amount);
  }
}
