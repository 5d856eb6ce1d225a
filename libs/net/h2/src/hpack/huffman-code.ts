/** The symbol that ends no string: a decoder that meets it in full has met a fault. */
export const EOS = 256;

/**
 * Bits in the code of each octet, 16 to a row, and of EOS. The code is canonical: codes count upwards through the symbols of one length,
 * then go on at the next length. So the lengths are all there is to know.
 * Source: RFC 7541 appendix B.
 */
// prettier-ignore
export const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/** The code of each symbol, in its low bits. */
export const CODES: readonly number[] = canonicalCodes(CODE_BITS);

function canonicalCodes(bits: readonly number[]): number[] {
  const order = bits.map((_, symbol) => symbol).sort((a, b) => bitsOf(bits, a) - bitsOf(bits, b) || a - b);
  const codes: number[] = new Array<number>(bits.length).fill(0);
  let next = 0;
  let length = 0;
  for (const symbol of order) {
    next *= 2 ** (bitsOf(bits, symbol) - length);
    length = bitsOf(bits, symbol);
    codes[symbol] = next++;
  }
  return codes;
}

function bitsOf(bits: readonly number[], symbol: number): number {
  return bits[symbol] as number;
}
