import type { Prng } from './random.ts';

/** One parser under attack. */
export interface FuzzTarget {
  readonly name: string;
  /** Inputs to begin with; those of the corpus file come on top. */
  readonly seeds: readonly Buffer[];
  /** Words of the language, put into inputs now and then. */
  readonly words: readonly Buffer[];
  /**
   * Feeds one input. Throws when the parser breaks a promise; an exception of the parser itself is such a break too.
   * Returns what it did in a few words: an input that makes it do something new joins the corpus.
   */
  run(input: Buffer, random: Prng): string;
  /** A mutation that knows the language; undefined where the general ones do. */
  mutate?(input: Buffer, random: Prng): Buffer;
}

/** What a parser promised. */
export function promise(kept: boolean, what: string): asserts kept {
  if (!kept) throw new Error(`broken promise: ${what}`);
}

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The input whole, and the same in pieces: a parser must not see a difference. */
export function pieces(input: Buffer, random: Prng): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < input.length;) {
    const length = random.chance(3) ? 1 : 1 + random.below(Math.max(1, input.length - at));
    // A copy: parsers own what they are given, and may keep or change it.
    list.push(Buffer.from(input.subarray(at, at + length)));
    at += length;
  }
  return list;
}
