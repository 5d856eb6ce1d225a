import type { FieldSupport } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { SocketOptionConfig } from './socket-option.ts';

export const socketOptionSupport: FieldSupport = {
  'envoy.config.core.v3.SocketOption': [
    'description', 'level', 'name', 'int_value', 'buf_value', 'state', 'type', 'ip_version',
  ],
  'envoy.config.core.v3.SocketOption.SocketType': ['stream', 'datagram'],
  'envoy.config.core.v3.SocketOption.SocketType.Stream': [],
  'envoy.config.core.v3.SocketOption.SocketType.Datagram': [],
  'envoy.config.core.v3.TcpKeepalive': ['keepalive_probes', 'keepalive_time', 'keepalive_interval'],
}; // prettier-ignore

// Of Linux: in.h, in6.h, tcp.h.
const SOL_IP = 0;
const SOL_TCP = 6;
const SOL_IPV6 = 41;
const IP_TRANSPARENT = 19;
const IPV6_TRANSPARENT = 75;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;
const TCP_FASTOPEN = 23;

/** Options in their own field, then those that other fields stand for. Which state they are meant for makes no difference. */
export function decodeSocketOptions(message: Listener): SocketOptionConfig[] {
  const options: SocketOptionConfig[] = message.socketOptions.flatMap(({ level, name, value, ipVersion, type }) =>
    type?.datagram !== undefined && type.stream === undefined
      ? []
      : {
          level: Number(level),
          name: Number(name),
          value: value.case === 'bufValue' ? value.value : Number(value.value ?? 0n),
          family: ([undefined, 'IPv4', 'IPv6'] as const)[ipVersion],
        },
  );
  const add = (level: number, name: number, value: number | undefined, family?: 'IPv4' | 'IPv6'): void => {
    if (value !== undefined) options.push({ level, name, value, family });
  };
  add(SOL_TCP, TCP_KEEPINTVL, message.tcpKeepalive?.keepaliveInterval);
  add(SOL_TCP, TCP_KEEPCNT, message.tcpKeepalive?.keepaliveProbes);
  add(SOL_TCP, TCP_FASTOPEN, message.tcpFastOpenQueueLength);
  if (message.transparent === true) {
    add(SOL_IP, IP_TRANSPARENT, 1, 'IPv4');
    add(SOL_IPV6, IPV6_TRANSPARENT, 1, 'IPv6');
  }
  return options;
}
