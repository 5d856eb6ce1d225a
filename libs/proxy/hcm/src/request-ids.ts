import type { Random } from '@weft/core-runtime';

const UUID_CHARS = 36;
const BATCH = 32;
const DASH = 45;
const FOUR = 52;
/** Characters of the variant: 8, 9, a or b (RFC 9562 section 4.1). */
const VARIANTS = [56, 57, 97, 98] as const;

/**
 * Random UUIDs (RFC 9562 section 5.4) for `x-request-id`, made some at a time: one is then a cut out of a text, where putting it
 * together from its parts took a twentieth of all that a request costs.
 */
export class RequestIds {
  private readonly random: Random;
  private readonly chars = Buffer.alloc(UUID_CHARS * BATCH, DASH);
  private batch = '';
  private used = 0;

  constructor(random: Random) {
    this.random = random;
  }

  next(): string {
    if (this.used === this.batch.length) this.refill();
    const from = this.used;
    this.used = from + UUID_CHARS;
    return this.batch.slice(from, this.used);
  }

  private refill(): void {
    for (let at = 0; at < this.chars.length; at += UUID_CHARS) this.write(this.random.hex(16), at);
    this.batch = this.chars.toString('latin1');
    this.used = 0;
  }

  /** `hex` as 8-4-4-4-12 digits; the dashes stand already. */
  private write(hex: string, start: number): void {
    const { chars } = this;
    let at = start;
    for (let i = 0; i < 32; i++) {
      if (i === 8 || i === 12 || i === 16 || i === 20) at += 1;
      chars[at++] = hex.charCodeAt(i);
    }
    chars[start + 14] = FOUR;
    chars[start + 19] = VARIANTS[digit(hex.charCodeAt(16)) & 3] as number;
  }
}

/** What a hexadecimal digit stands for; its letters are small. */
function digit(code: number): number {
  return code < 97 ? code - 48 : code - 87;
}
