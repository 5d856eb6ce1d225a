import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { BindConfig, SocketAddress } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import { parseIp } from '@weft/model-match';
import type { ConnectionOptions, HappyEyeballs, SourceAddress } from './cluster.ts';

export const connectionSupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': ['upstream_bind_config', 'upstream_connection_options'],
  'envoy.config.core.v3.BindConfig': ['source_address', 'extra_source_addresses', 'additional_source_addresses'],
  'envoy.config.core.v3.ExtraSourceAddress': ['address'],
  'envoy.config.cluster.v3.UpstreamConnectionOptions': ['tcp_keepalive', 'happy_eyeballs_config'],
  'envoy.config.cluster.v3.UpstreamConnectionOptions.HappyEyeballsConfig': [
    'first_address_family_version', 'first_address_family_count',
  ],
  // Node sets no other time or number of probes than its own: 10 of them, a second apart.
  'envoy.config.core.v3.TcpKeepalive': ['keepalive_time'],
}; // prettier-ignore

const FAMILIES: readonly HappyEyeballs['firstFamily'][] = ['default', 'v4', 'v6'];

/** How connections to the cluster's hosts are made. Faults go to `cx`, which stands at the cluster. */
export function decodeConnectionOptions(message: Cluster, cx: DecodeContext): ConnectionOptions {
  const options = message.upstreamConnectionOptions;
  const eyeballs = options?.happyEyeballsConfig;
  const keepAlive = options?.tcpKeepalive;
  return {
    sourceAddresses:
      message.upstreamBindConfig && decodeBindConfig(message.upstreamBindConfig, cx.at('upstream_bind_config')),
    keepAliveIdleMs: keepAlive && (keepAlive.keepaliveTime ?? 0) * 1000,
    happyEyeballs: {
      firstFamily: FAMILIES[eyeballs?.firstAddressFamilyVersion ?? 0] ?? 'default',
      firstFamilyCount: eyeballs?.firstAddressFamilyCount ?? 1,
    },
  };
}

/** Where connections come from: of a cluster, or of all clusters (bootstrap's `cluster_manager.upstream_bind_config`). */
export function decodeBindConfig(message: BindConfig, cx: DecodeContext): readonly SourceAddress[] {
  const all: readonly (readonly [SocketAddress | undefined, DecodeContext])[] = [
    [message.sourceAddress, cx.at('source_address')],
    ...message.extraSourceAddresses.map(
      ({ address }, i) => [address, cx.at('extra_source_addresses', i, 'address')] as const,
    ),
    ...message.additionalSourceAddresses.map(
      (address, i) => [address, cx.at('additional_source_addresses', i)] as const,
    ),
  ];
  return all.flatMap(([address, place]) => {
    if (address === undefined) return [];
    if (parseIp(address.address) === undefined) {
      place.at('address').error(`"${address.address}" is not an IP address`);
      return [];
    }
    // 0.0.0.0 and :: leave the choice to the system, as does no address.
    if (/^(?:0\.0\.0\.0|::)$/.test(address.address) && !address.portSpecifier.value) return [];
    const { portSpecifier: port } = address;
    return [{ address: address.address, port: port.case === 'portValue' ? port.value : 0 }];
  });
}
