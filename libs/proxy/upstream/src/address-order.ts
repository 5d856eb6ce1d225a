import { isIPv6 } from 'node:net';
import type { HappyEyeballs } from '@weft/model-cluster';

/**
 * The order in which a host's addresses are tried: families take turns, so that a family that does not work costs one
 * attempt and not all of them. Source: Envoy's HappyEyeballsConnectionProvider::sortAddresses; RFC 8305 section 4.
 */
export function addressOrder<T extends { readonly host: string }>(
  addresses: readonly T[],
  options: HappyEyeballs,
): T[] {
  const [first] = addresses;
  if (first === undefined || addresses.length === 1) return [...addresses];
  const sixFirst = options.firstFamily === 'default' ? isIPv6(first.host) : options.firstFamily === 'v6';
  const ofFirst = addresses.filter(({ host }) => isIPv6(host) === sixFirst);
  const ofOther = addresses.filter(({ host }) => isIPv6(host) !== sixFirst);
  const ordered: T[] = [];
  while (ofFirst.length > 0 || ofOther.length > 0)
    ordered.push(...ofFirst.splice(0, options.firstFamilyCount), ...ofOther.splice(0, 1));
  return ordered;
}
