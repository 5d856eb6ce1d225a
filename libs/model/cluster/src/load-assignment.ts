/** Where an endpoint is. A socket's host is an IP address, or in DNS clusters a name. `internal`: a listener of this proxy. */
export type EndpointAddress =
  | { readonly kind: 'socket'; readonly host: string; readonly port: number }
  | { readonly kind: 'pipe'; readonly path: string }
  | { readonly kind: 'internal'; readonly listener: string; readonly endpointId: string };

/** Source: envoy.config.core.v3.HealthStatus. UNKNOWN counts as healthy. */
export const HEALTH_STATUSES = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** One endpoint. Source: endpoint.v3.LbEndpoint. */
export interface Endpoint {
  readonly address: EndpointAddress;
  /** Other addresses of the same endpoint. Source: Endpoint.additional_addresses. */
  readonly additionalAddresses: readonly EndpointAddress[];
  /** Endpoint.hostname; `''` where there is none. */
  readonly hostname: string;
  readonly healthStatus: HealthStatus;
  /** 1 to 2^32 - 1. Default 1. */
  readonly weight: number;
  /** LbEndpoint.metadata.filter_metadata, as JSON. */
  readonly metadata: EndpointMetadata;
}

/** By filter name. Empty for most endpoints. */
export type EndpointMetadata = Readonly<Record<string, unknown>>;

/** The endpoints of one place. Source: endpoint.v3.LocalityLbEndpoints. */
export interface LocalityEndpoints {
  readonly locality: Locality;
  /** 0 is used first. */
  readonly priority: number;
  readonly endpoints: readonly Endpoint[];
}

/** A share of requests that is not to be sent. Source: endpoint.v3.ClusterLoadAssignment.Policy.DropOverload. */
export interface DropOverload {
  /** For load reports. */
  readonly category: string;
  /** 0 to 1. */
  readonly ratio: number;
}

/** Source: endpoint.v3.ClusterLoadAssignment.Policy. */
export interface AssignmentPolicy {
  /** In percent: how many healthy hosts a priority may lack before load spills over. Default 140. */
  readonly overprovisioningFactor: number;
  readonly dropOverload: DropOverload | undefined;
}

export const DEFAULT_ASSIGNMENT_POLICY: AssignmentPolicy = { overprovisioningFactor: 140, dropOverload: undefined };

/** The endpoints of one cluster. Source: endpoint.v3.ClusterLoadAssignment. */
export interface LoadAssignment {
  readonly clusterName: string;
  readonly localities: readonly LocalityEndpoints[];
  readonly policy: AssignmentPolicy;
}

/** What hosts of a status are for: all traffic, traffic when the healthy do not suffice, or only panic. */
export function healthClass(status: HealthStatus): 'healthy' | 'degraded' | 'unhealthy' {
  if (status === 'UNKNOWN' || status === 'HEALTHY') return 'healthy';
  return status === 'DEGRADED' ? 'degraded' : 'unhealthy';
}

/** `10.0.0.1:80`, `[::1]:80`, a socket's path, or `envoy://listener/endpoint`. */
export function endpointAddressText(address: EndpointAddress): string {
  if (address.kind === 'pipe') return address.path;
  if (address.kind === 'internal') return `envoy://${address.listener}/${address.endpointId}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
