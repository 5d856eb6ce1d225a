/** A range of IP addresses, compiled. Source: envoy.config.core.v3.CidrRange. */
export class CidrRange {
  readonly bits: 32 | 128;
  /** The first address of the range, a 16-bit group in each place (two of them for IPv4). */
  private readonly groups: readonly number[];
  /** How many leading bits count. */
  readonly length: number;
  readonly text: string;

  constructor(address: IpAddress, length: number) {
    this.bits = address.bits;
    this.length = Math.min(length, address.bits);
    this.groups = address.groups;
    this.text = `${address.text}/${this.length}`;
  }

  /** The same text for equal ranges, however their first address was written. */
  get network(): string {
    const masked = this.groups.map((group, i) => {
      const kept = Math.min(16, Math.max(0, this.length - i * 16));
      return group & ((0xffff << (16 - kept)) & 0xffff);
    });
    return `${masked.join('.')}/${this.length}`;
  }

  contains(address: IpAddress): boolean {
    if (address.bits !== this.bits) return false;
    let rest = this.length;
    for (let i = 0; rest > 0; i += 1, rest -= 16) {
      const shift = rest >= 16 ? 0 : 16 - rest;
      if ((address.groups[i] as number) >> shift !== (this.groups[i] as number) >> shift) return false;
    }
    return true;
  }
}

/** An IP address taken apart: 2 groups of 16 bits for IPv4, 8 for IPv6. */
export interface IpAddress {
  readonly text: string;
  readonly bits: 32 | 128;
  readonly groups: readonly number[];
}

/** True if one of `ranges` has the address; false for what is no address. */
export function anyContains(ranges: readonly CidrRange[], text: string): boolean {
  const address = parseIp(text);
  return address !== undefined && ranges.some((range) => range.contains(address));
}

/** Undefined for what is no IP address. IPv4 in IPv6 (`::ffff:1.2.3.4`) is IPv6. A zone (`%eth0`) is left out. */
export function parseIp(text: string): IpAddress | undefined {
  const groups = text.includes(':') ? parseV6(text.split('%')[0] as string) : parseV4(text);
  return groups && { text, bits: groups.length === 2 ? 32 : 128, groups };
}

function parseV4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
  return [(a << 8) | b, (c << 8) | d];
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string);
  const tail = halves.length === 2 ? parseGroups(halves[1] as string) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const v4 = i === parts.length - 1 && part.includes('.') ? parseV4(part) : undefined;
    if (v4 !== undefined) groups.push(...v4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The network of `bits` leading bits that an address is in, `10.1.0.0/16`. Undefined for what is no address, or has fewer bits. */
export function maskIp(text: string, bits: number): string | undefined {
  const address = parseIp(text);
  if (address === undefined || !(bits >= 0 && bits <= address.bits)) return undefined;
  const groups = address.groups.map(
    (group, i) => group & (0xffff << (16 - Math.min(16, Math.max(0, bits - i * 16)))) & 0xffff,
  );
  if (address.bits === 32) return `${groups.map((group) => `${group >> 8}.${group & 255}`).join('.')}/${bits}`;
  return `${textOfV6(groups)}/${bits}`;
}

/** RFC 5952: the longest run of zeros, of two groups at least, is left out. */
function textOfV6(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':');
  const runs = [...`:${text}:`.matchAll(/(?::0){2,}(?=:)/g)].map(([run]) => run);
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const [before = '', ...after] = `:${text}:`.split(`${longest}:`);
  return `${before.slice(1)}::${after.join(`${longest}:`).replace(/:$/, '')}`;
}
