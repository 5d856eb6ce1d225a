import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { TransportSocket as TransportSocketProto } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { ProxyProtocolUpstreamTransport } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb';
import type { UpstreamTlsContext } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import { decodeUpstreamTls } from '@weft/model-tls';
import type { TransportSocket, TransportSocketMatch } from './transport-socket.ts';

const SOCKETS = 'envoy.extensions.transport_sockets';
const RAW_BUFFER = `${SOCKETS}.raw_buffer.v3.RawBuffer`;
const UPSTREAM_TLS = `${SOCKETS}.tls.v3.UpstreamTlsContext`;
const PROXY_PROTOCOL = `${SOCKETS}.proxy_protocol.v3.ProxyProtocolUpstreamTransport`;

export const transportSocketSupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': ['transport_socket', 'transport_socket_matches'],
  'envoy.config.cluster.v3.Cluster.TransportSocketMatch': ['name', 'match', 'transport_socket'],
  'envoy.config.core.v3.TransportSocket': ['name', 'typed_config'],
  [RAW_BUFFER]: [],
  [PROXY_PROTOCOL]: ['config', 'transport_socket'],
  'envoy.config.core.v3.ProxyProtocolConfig': ['version'],
};

const PLAIN: TransportSocket = { tls: undefined, proxyProtocol: undefined };

/** The transport socket of a cluster, none being plain bytes; undefined when something is wrong, which is then in `cx`. */
export function decodeTransportSocket(
  message: TransportSocketProto | undefined,
  cx: DecodeContext,
): TransportSocket | undefined {
  if (message === undefined) return PLAIN;
  const any = message.configType.case === 'typedConfig' ? message.configType.value : undefined;
  if (any === undefined && (message.name === 'envoy.transport_sockets.raw_buffer' || message.name === 'raw_buffer'))
    return PLAIN;
  const place = cx.at('typed_config');
  const config = place.unpack(any);
  if (config === undefined) return undefined;
  switch (config.$typeName) {
    case RAW_BUFFER:
      return PLAIN;
    case UPSTREAM_TLS: {
      const tls = decodeUpstreamTls(config as UpstreamTlsContext, place);
      return tls && { tls, proxyProtocol: undefined };
    }
    case PROXY_PROTOCOL:
      return decodeProxyProtocol(config as ProxyProtocolUpstreamTransport, place);
    default:
      place.later(`transport socket "${config.$typeName}"`, {
        expected: `${UPSTREAM_TLS}, ${PROXY_PROTOCOL} or ${RAW_BUFFER}`,
      });
      return undefined;
  }
}

function decodeProxyProtocol(message: ProxyProtocolUpstreamTransport, cx: DecodeContext): TransportSocket | undefined {
  if (message.transportSocket === undefined) {
    cx.at('transport_socket').error('is missing', { expected: `${RAW_BUFFER} or ${UPSTREAM_TLS}` });
    return undefined;
  }
  const inner = decodeTransportSocket(message.transportSocket, cx.at('transport_socket'));
  return inner && { ...inner, proxyProtocol: { version: message.config?.version === 1 ? 'V2' : 'V1' } };
}

/** The sockets of hosts that are labelled for them. Faults go to `cx`, which stands at the cluster. */
export function decodeTransportSocketMatches(message: Cluster, cx: DecodeContext): TransportSocketMatch[] {
  return message.transportSocketMatches.flatMap(({ name, match, transportSocket }, i) => {
    const place = cx.at('transport_socket_matches', i);
    if (name === '') place.at('name').error('is missing');
    const socket = decodeTransportSocket(transportSocket, place.at('transport_socket'));
    return socket === undefined ? [] : [{ ...socket, name, match: match ?? {} }];
  });
}
