import { createHash } from 'node:crypto';
import type { Tally } from '@weft/core-stats';

/** How many names a table has room for. */
const ENTRIES = 1 << 16;
const KEY_BYTES = ENTRIES * 8;

/** Memory for the tallies of a process; given to every worker. Pages that no tally uses take no memory. */
export function createTallyMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(KEY_BYTES + ENTRIES * 4);
}

/**
 * Tallies that threads share: a table of names (as 64-bit hashes, claimed by an atomic exchange) beside a table of numbers.
 * Finding a name takes neither a lock nor a message, so that every thread can do it while it compiles configuration.
 */
export class SharedTallies {
  private readonly keys: BigInt64Array;
  private readonly numbers: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.keys = new BigInt64Array(memory, 0, ENTRIES);
    this.numbers = new Int32Array(memory, KEY_BYTES, ENTRIES);
  }

  get(name: string): Tally {
    return new SharedTally(this.numbers, this.placeOf(name));
  }

  private placeOf(name: string): number {
    const hash = createHash('sha256').update(name).digest().readBigInt64LE(0) || 1n;
    let at = Number(BigInt.asUintN(16, hash));
    for (let tried = 0; tried < ENTRIES; tried += 1) {
      const found = Atomics.compareExchange(this.keys, at, 0n, hash);
      if (found === 0n || found === hash) return at;
      at = (at + 1) % ENTRIES;
    }
    throw new Error('there is no room for more circuit breakers: 65,536 are shared by the workers');
  }
}

class SharedTally implements Tally {
  private readonly numbers: Int32Array;
  private readonly at: number;

  constructor(numbers: Int32Array, at: number) {
    this.numbers = numbers;
    this.at = at;
  }
  get value(): number {
    return Atomics.load(this.numbers, this.at);
  }
  add(amount: number): number {
    return Atomics.add(this.numbers, this.at, amount) + amount;
  }
}
