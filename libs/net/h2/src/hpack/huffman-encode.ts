import type { ByteWriter } from '../byte-writer.ts';
import { CODES, CODE_BITS } from './huffman-code.ts';

const BITS = Uint8Array.from(CODE_BITS.slice(0, 256));
const CODE = Uint32Array.from(CODES.slice(0, 256));

/** Octets that `text` (latin1) takes in Huffman code. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += BITS[text.charCodeAt(i) & 255] as number;
  return (bits + 7) >>> 3;
}

/** Writes `text` in Huffman code, padded with ones. `size` is its huffmanLength. */
export function encodeHuffman(out: ByteWriter, text: string, size: number): void {
  out.ensure(size);
  const { bytes } = out;
  let at = out.length;
  let gathered = 0;
  let left = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i) & 255;
    let bits = BITS[octet] as number;
    const code = CODE[octet] as number;
    if (bits > 24) {
      // The longest codes do not fit beside seven bits that wait: their upper part goes first.
      gathered = (gathered << (bits - 16)) | (code >>> 16);
      left += bits - 16;
      bits = 16;
      for (; left >= 8; left -= 8) bytes[at++] = gathered >>> (left - 8);
      gathered = (gathered << 16) | (code & 0xffff);
    } else gathered = (gathered << bits) | code;
    left += bits;
    for (; left >= 8; left -= 8) bytes[at++] = gathered >>> (left - 8);
  }
  if (left > 0) bytes[at++] = (gathered << (8 - left)) | (255 >>> left);
  out.length = at;
}
