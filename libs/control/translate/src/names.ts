/** Names of resources, as Istio gives them: tools and people know them. */

export const PASSTHROUGH_CLUSTER = 'PassthroughCluster';
export const INBOUND_PASSTHROUGH_CLUSTER = 'InboundPassthroughCluster';
export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster';
/**
 * What routes name in the place of a backend that is not there: no proxy has such a cluster, and the route says what it answers
 * then. The black hole is a cluster, and always answers 503.
 */
export const INVALID_BACKEND_CLUSTER = 'InvalidBackendCluster';
export const VIRTUAL_OUTBOUND = 'virtualOutbound';
export const VIRTUAL_INBOUND = 'virtualInbound';
export const VIRTUAL_OUTBOUND_PORT = 15001;
export const VIRTUAL_INBOUND_PORT = 15006;

/** The workload's own certificate, and the certificates it trusts, as SDS names them. */
export const OWN_CERTIFICATE = 'default';
export const ROOT_CERTIFICATES = 'ROOTCA';

/** A certificate that a user provides, by the name that the resource gives it. */
export function credentialSecret(name: string): string {
  return name.includes('://') ? name : `kubernetes://${name}`;
}

export function outboundCluster(host: string, port: number, subset = ''): string {
  return `outbound|${port}|${subset}|${host}`;
}

export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

/** The server name that a client's sidecar sends inside the mesh. */
export function meshSni(host: string, port: number, subset = ''): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** The parts of an outbound cluster's name; undefined: it is none. */
export function parseOutboundCluster(
  name: string,
): { readonly port: number; readonly subset: string; readonly host: string } | undefined {
  const [direction, port, subset, host] = name.split('|');
  if (direction !== 'outbound' || port === undefined || subset === undefined || host === undefined) return undefined;
  return { port: Number(port), subset, host };
}

/** Before the stats and the metadata of what AUDIT policies matched. */
export const AUDIT_PREFIX = 'istio_audit_';
