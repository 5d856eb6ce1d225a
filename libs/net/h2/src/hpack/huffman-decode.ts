import { CODES, CODE_BITS, EOS } from './huffman-code.ts';

const FAULT = -1;

/**
 * Tables of 256, one for the first octet of a code and one for each octet that longer codes go on with. An element is
 * `symbol << 4 | bits` where a code ends within the octet, the negative place of the next table where it does not, and
 * FAULT for EOS.
 */
const TABLE = buildTable();

/**
 * Decodes `bytes[start..end)` into `out`, which has room for 8/5 of it: no code is shorter than five bits.
 * @returns how many octets there are, or -1 for EOS, for padding of more than seven bits or with a zero in it.
 *   Source: RFC 7541 section 5.2.
 */
export function decodeHuffman(bytes: Buffer, start: number, end: number, out: Buffer): number {
  let written = 0;
  let gathered = 0;
  let bits = 0;
  let table = 0;
  for (let at = start; ;) {
    if (bits < 8) {
      if (at === end) break;
      gathered = (gathered << 8) | (bytes[at++] as number);
      bits += 8;
    }
    const element = TABLE[table + ((gathered >>> (bits - 8)) & 255)] as number;
    if (element >= 0) {
      bits -= element & 15;
      out[written++] = element >>> 4;
      table = 0;
    } else {
      if (element === FAULT) return -1;
      bits -= 8;
      table = -element;
    }
  }
  // What is left is less than an octet; ones are put behind it, as a sender does.
  while (bits > 0) {
    const element = TABLE[table + (((gathered << (8 - bits)) | (255 >>> bits)) & 255)] as number;
    if (element < 0 || (element & 15) > bits) break;
    bits -= element & 15;
    out[written++] = element >>> 4;
    table = 0;
  }
  const padding = (1 << bits) - 1;
  return table === 0 && (gathered & padding) === padding ? written : -1;
}

function buildTable(): Int32Array {
  const elements: number[] = new Array<number>(256).fill(0);
  for (let symbol = 0; symbol <= EOS; symbol++) {
    const code = CODES[symbol] as number;
    let left = CODE_BITS[symbol] as number;
    let table = 0;
    for (; left > 8; left -= 8) table = tableBehind(elements, table + ((code >>> (left - 8)) & 255));
    const first = table + ((code << (8 - left)) & 255);
    const element = symbol === EOS ? FAULT : (symbol << 4) | left;
    elements.fill(element, first, first + (1 << (8 - left)));
  }
  return Int32Array.from(elements);
}

function tableBehind(elements: number[], place: number): number {
  const known = elements[place] as number;
  if (known < 0) return -known;
  const table = elements.length;
  elements[place] = -table;
  for (let i = 0; i < 256; i++) elements.push(0);
  return table;
}
