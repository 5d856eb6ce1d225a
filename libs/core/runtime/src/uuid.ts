import type { Random } from './random.ts';

/** A random UUID (RFC 9562 section 5.4), for what is named now and then. */
export function uuid(random: Random): string {
  const hex = random.hex(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
