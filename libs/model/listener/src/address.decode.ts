import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import { parseIp } from '@weft/model-match';
import type { ListenerAddress } from './listener-address.ts';

export const addressSupport: FieldSupport = {
  'envoy.config.core.v3.Address': ['socket_address', 'pipe'],
  'envoy.config.core.v3.Pipe': ['path', 'mode'],
  'envoy.config.core.v3.SocketAddress': ['address', 'port_value', 'protocol', 'ipv4_compat'],
};

/** What `ipv4_compat` may stand beside: a socket bound to anything else would never see an IPv4 client. */
const IPV4_MAPPED = /^(?:::|0(?::0){7}|::ffff:.+)$/i;

/** The address of a listener or of the admin server. `udp`: whether datagrams are taken there. */
export function decodeListenerAddress(
  message: Address | undefined,
  cx: DecodeContext,
  udp = false,
): ListenerAddress | undefined {
  const { case: kind, value } = message?.address ?? { case: undefined, value: undefined };
  if (kind === 'pipe') return { kind: 'pipe', path: value.path, mode: value.mode };
  if (kind !== 'socketAddress') {
    cx.error(kind === undefined ? 'is missing' : 'is for internal listeners, which have no address', {
      expected: 'socket_address or pipe',
    });
    return undefined;
  }
  const socket = cx.at('socket_address');
  const { case: portKind, value: port } = value.portSpecifier;
  if (portKind !== 'portValue') {
    socket.error('has no port_value', { expected: 'port_value: a number from 0 to 65535' });
    return undefined;
  }
  if (value.protocol === 1 && !udp) {
    socket.at('protocol').error('UDP is not for this address', { expected: 'TCP' });
    return undefined;
  }
  if (parseIp(value.address) === undefined) {
    socket.at('address').error(`"${value.address}" is not an IP address`, { expected: 'for example 0.0.0.0 or "::"' });
    return undefined;
  }
  if (value.ipv4Compat && !IPV4_MAPPED.test(value.address)) {
    socket.at('ipv4_compat').error(`does not go with ${value.address}`, { expected: '"::" or an IPv4-mapped address' });
    return undefined;
  }
  return { kind: 'socket', ip: value.address, port, ipv4Compat: value.ipv4Compat };
}

/** True where the address asks for datagrams. */
export function isUdp(message: Address | undefined): boolean {
  return message?.address.case === 'socketAddress' && message.address.value.protocol === 1;
}
