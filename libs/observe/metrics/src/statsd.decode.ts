import { isIP } from 'node:net';
import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Address } from '@weft/api-envoy/gen/envoy/config/core/v3/address_pb';
import type {
  DogStatsdSink as DogMessage,
  StatsdSink as Message,
} from '@weft/api-envoy/gen/envoy/config/metrics/v3/stats_pb';

export const STATSD = 'envoy.config.metrics.v3.StatsdSink';
export const DOG_STATSD = 'envoy.config.metrics.v3.DogStatsdSink';

export const statsdSupport: FieldSupport = {
  [STATSD]: ['address', 'prefix'],
  [DOG_STATSD]: ['address', 'prefix', 'max_bytes_per_datagram'],
};

/** Source: envoy.config.metrics.v3.StatsdSink, DogStatsdSink. */
export interface StatsdConfig {
  readonly kind: 'statsd';
  readonly ip: string;
  readonly port: number;
  /** Before each name, with a dot. Default `envoy`. */
  readonly prefix: string;
  /** DogStatsD: parts of names are tags. */
  readonly tags: boolean;
  /** How large datagrams may get. A line that is longer goes alone. */
  readonly datagramBytes: number;
}

/** What an Ethernet frame has room for beside its headers. */
const DATAGRAM_BYTES = 1432;
const DEFAULT_PREFIX = 'envoy';

export function decodeStatsd(message: Message, cx: DecodeContext): StatsdConfig | undefined {
  const { case: kind, value } = message.statsdSpecifier;
  if (kind === 'tcpClusterName') {
    cx.at('tcp_cluster_name').warn('is not implemented by Weft yet: no stats go there', { expected: 'address' });
    return undefined;
  }
  return withAddress(value, cx, { prefix: message.prefix, tags: false, datagramBytes: DATAGRAM_BYTES });
}

export function decodeDogStatsd(message: DogMessage, cx: DecodeContext): StatsdConfig | undefined {
  const { prefix, maxBytesPerDatagram = 0n, dogStatsdSpecifier } = message;
  const given = Number(maxBytesPerDatagram);
  return withAddress(dogStatsdSpecifier.value, cx, { prefix, tags: true, datagramBytes: given || DATAGRAM_BYTES });
}

function withAddress(
  address: Address | undefined,
  cx: DecodeContext,
  { prefix, ...more }: Pick<StatsdConfig, 'prefix' | 'tags' | 'datagramBytes'>,
): StatsdConfig | undefined {
  const { case: kind, value } = address?.address ?? { case: undefined, value: undefined };
  if (kind !== 'socketAddress') {
    cx.at('address').error('is no address of IP', { expected: 'socket_address: {address: IP, port_value: PORT}' });
    return undefined;
  }
  const { address: ip, portSpecifier } = value;
  const port = portSpecifier.case === 'portValue' ? portSpecifier.value : 0;
  if (isIP(ip) === 0) {
    cx.at('address', 'socket_address', 'address').error(`"${ip}" is no IP address`, { expected: 'an IP address' });
    return undefined;
  }
  return { kind: 'statsd', ip, port, prefix: prefix || DEFAULT_PREFIX, ...more };
}
