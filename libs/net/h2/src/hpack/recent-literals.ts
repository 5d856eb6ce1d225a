/** Longer strings are not kept: what repeats is short, and a connection is to hold little. */
const MOST_OCTETS = 64;
/** A key whose strings differ so many times running is left alone from then on. */
const MOST_MISSES = 8;

/** One string as it came over the wire, its length in front, and what it stood for. */
class Literal {
  readonly octets = new Uint8Array(MOST_OCTETS);
  size = 0;
  text = '';
  wellFormed = false;
  misses = 0;
}

/**
 * The strings that came last outside of the table, one for each key. Servers that use no table send the same few with each
 * response: comparing the octets costs less than decoding and judging them again, and gives the very same text.
 */
export class RecentLiterals {
  private readonly literals: (Literal | undefined)[] = [];

  /** What `block[start..end)` stood for, where the last string of `key` was the same. The range begins with the length. */
  find(key: number, block: Buffer, start: number, end: number): Literal | undefined {
    const literal = this.literals[key];
    const size = end - start;
    if (literal === undefined || literal.size !== size) return undefined;
    const { octets } = literal;
    for (let i = 0; i < size; i++) if (octets[i] !== block[start + i]) return undefined;
    literal.misses = 0;
    return literal;
  }

  /** Remembers what was read from `block[start..end)`; undefined where it does not. */
  keep(key: number, block: Buffer, start: number, end: number): Literal | undefined {
    const size = end - start;
    if (size > MOST_OCTETS) return undefined;
    const literal = (this.literals[key] ??= new Literal());
    if (literal.misses >= MOST_MISSES) return undefined;
    literal.misses += 1;
    // What differs every time costs no more than the look at its length.
    literal.size = literal.misses < MOST_MISSES ? size : 0;
    const { octets } = literal;
    for (let i = 0; i < size; i++) octets[i] = block[start + i] as number;
    return literal;
  }
}
