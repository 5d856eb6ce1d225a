import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { CidrRange as Message } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import { CidrRange, parseIp } from './cidr.ts';

export const cidrSupport: FieldSupport = { 'envoy.config.core.v3.CidrRange': ['address_prefix', 'prefix_len'] };

/** `prefix_len` is 0 where it is absent: every address of that family. */
export function decodeCidr(message: Message, cx: DecodeContext): CidrRange | undefined {
  const address = parseIp(message.addressPrefix);
  if (address === undefined) {
    cx.at('address_prefix').error(`"${message.addressPrefix}" is no IP address`);
    return undefined;
  }
  const length = message.prefixLen ?? 0;
  if (length > address.bits) {
    cx.at('prefix_len').error(`${length} is too long for ${message.addressPrefix}`, {
      expected: `0 to ${address.bits}`,
    });
    return undefined;
  }
  return new CidrRange(address, length);
}
