import type { UpstreamTls } from '@weft/model-tls';
import type { EndpointMetadata } from './load-assignment.ts';

/** Connections begin with the client's addresses. Source: ProxyProtocolUpstreamTransport. */
export interface ProxyProtocol {
  readonly version: 'V1' | 'V2';
}

/** How bytes travel to a host. */
export interface TransportSocket {
  /** Undefined: plain bytes. */
  readonly tls: UpstreamTls | undefined;
  /** Undefined: none. */
  readonly proxyProtocol: ProxyProtocol | undefined;
}

/** The same for hosts with certain labels. Source: Cluster.TransportSocketMatch. */
export interface TransportSocketMatch extends TransportSocket {
  /** Its name in stats. */
  readonly name: string;
  /** A host needs all of these among its `envoy.transport_socket_match` labels. */
  readonly match: Readonly<Record<string, unknown>>;
}

const LABELS = 'envoy.transport_socket_match';

/** The first of `matches` whose labels a host has; undefined where none fits, and the cluster's own socket is used. */
export function matchTransportSocket(
  matches: readonly TransportSocketMatch[],
  metadata: EndpointMetadata,
): TransportSocketMatch | undefined {
  const labels = (metadata[LABELS] ?? {}) as Readonly<Record<string, unknown>>;
  return matches.find(({ match }) =>
    Object.entries(match).every(([key, value]) => JSON.stringify(labels[key]) === JSON.stringify(value)),
  );
}
