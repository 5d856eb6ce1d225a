import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { ListenerExtensions, UdpConfig } from './listener.ts';

export const udpSupport: FieldSupport = {
  'envoy.config.listener.v3.Listener': ['udp_listener_config'],
  'envoy.config.listener.v3.UdpListenerConfig': ['downstream_socket_config'],
  'envoy.config.core.v3.UdpSocketConfig': ['max_rx_datagram_size', 'prefer_gro'],
};

/** Envoy's default for what clients send. */
const DEFAULT_DATAGRAM_BYTES = 1500;

/** Decodes the filter of a UDP listener inside an Any; the engine's registry does it. */
export type DecodeUdpFilter<X extends ListenerExtensions> = (
  cx: DecodeContext,
  any: Parameters<DecodeContext['unpack']>[0],
) => X['udp'] | undefined;

/** What only a listener of datagrams has. */
export function decodeUdp<X extends ListenerExtensions>(
  message: Listener,
  cx: DecodeContext,
  decodeFilter: DecodeUdpFilter<X>,
): UdpConfig<X> {
  const { udpListenerConfig, listenerFilters } = message;
  if (udpListenerConfig?.quicOptions !== undefined) cx.at('udp_listener_config', 'quic_options').later('');
  const filters = listenerFilters.flatMap(({ configType }, i) => {
    const at = cx.at('listener_filters', i);
    if (configType.case === 'configDiscovery') {
      at.at('config_discovery').later('');
      return [];
    }
    const filter = decodeFilter(at.at('typed_config'), configType.value);
    return filter === undefined ? [] : [filter];
  });
  if (listenerFilters.length > 1)
    cx.at('listener_filters').error('a UDP listener has one filter', { expected: 'udp_proxy alone' });
  return {
    filter: filters[0],
    maxDatagramBytes: Number(udpListenerConfig?.downstreamSocketConfig?.maxRxDatagramSize ?? DEFAULT_DATAGRAM_BYTES),
  };
}
