import { randomFillSync } from 'node:crypto';

/** Randomness. The only source of it, so that a test can fix every draw. */
export interface Random {
  /** A uniform integer in [0, bound). `bound` is an integer from 1 to 2^32. */
  below(bound: number): number;
  /** `count` bytes (up to 32) as lower-case hex: ids of traces, spans and requests. */
  hex(count: number): string;
}

const POOL_BYTES = 4096;

class SystemRandom implements Random {
  // One system call fills the pool: a call per request id would cost more than the id.
  private readonly pool = Buffer.allocUnsafe(POOL_BYTES);
  private used = POOL_BYTES;

  below(bound: number): number {
    return Math.floor((this.pool.readUInt32LE(this.take(4)) / 0x1_0000_0000) * bound);
  }

  hex(count: number): string {
    const at = this.take(count);
    return this.pool.toString('hex', at, at + count);
  }

  private take(count: number): number {
    if (this.used + count > POOL_BYTES) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const at = this.used;
    this.used += count;
    return at;
  }
}

export function createSystemRandom(): Random {
  return new SystemRandom();
}
