import type { ObjectRef } from './object.ts';
import type { Protocol } from './protocol.ts';

/** How the endpoints of a service become addresses. Source: ServiceEntry.Resolution. */
export type Resolution = 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN';

export interface ServicePort {
  /** `''` where it has none. */
  readonly name: string;
  readonly number: number;
  readonly protocol: Protocol;
  /** Where endpoints listen unless they say otherwise; undefined: the same number. */
  readonly targetPort: number | undefined;
  /** A target port by name: looked up among the ports of each workload. */
  readonly targetPortName: string | undefined;
}

/** One host of the mesh or beside it. Source: ServiceEntry, core Service. */
export interface MeshService {
  /** In full: `videos-api.default.svc.cluster.local`, `db.example.com`, `*.example.com`. */
  readonly hostname: string;
  readonly namespace: string;
  /** Virtual addresses; CIDR ranges are allowed where the resolution is NONE. */
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
  readonly resolution: Resolution;
  readonly meshExternal: boolean;
  /** Namespaces that may see it: names, `.` (its own), `*` (all), `~` (none). */
  readonly exportTo: readonly string[];
  /** Names of servers in place of the identities that endpoints have. */
  readonly subjectAltNames: readonly string[];
  /** Which workloads of its namespace serve it; undefined: those that are listed, or that name it. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly createdAtMs: number;
  /** Undefined: it exists because a workload registered for it. */
  readonly origin: ObjectRef | undefined;
}

/** One place where a service is served. */
export interface MeshEndpoint {
  /** An IP address, a DNS name (resolution DNS), or `unix:///path`. */
  readonly address: string;
  /** By the number of the service's port: where the connection goes. */
  readonly ports: Readonly<Record<number, number>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `spiffe://…`; `''` where it has none. */
  readonly identity: string;
  /** `region/zone/subzone`; `''` where unknown. */
  readonly locality: string;
  /** Default 1. */
  readonly weight: number;
  readonly healthy: boolean;
  /** A proxy of the mesh stands before it and takes mutual TLS. */
  readonly proxied: boolean;
  readonly namespace: string;
  /** The workload behind it; `''` where none is known. */
  readonly workload: string;
}

/** A port of a workload: which service port it serves, where connections arrive, where the program listens. */
export interface WorkloadPort {
  readonly name: string;
  /** The number that clients know. */
  readonly servicePort: number;
  /** Where its proxy listens, or where traffic for it is captured. */
  readonly listenPort: number;
  /** Where the program listens. */
  readonly appPort: number;
  readonly protocol: Protocol;
}

/** A running program, or one that is said to run. Source: WorkloadEntry, `weft run`. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly identity: string;
  readonly addresses: readonly string[];
  readonly ports: readonly WorkloadPort[];
  readonly proxied: boolean;
  readonly healthy: boolean;
  readonly locality: string;
  readonly weight: number;
  /** The service it registered for, by short or full name; `''`: found by selectors alone. */
  readonly service: string;
  /** The WorkloadGroup that it registered as one of, in its namespace. */
  readonly group?: string;
  readonly origin: ObjectRef | undefined;
}

/** What a process started by `weft run` tells of itself. */
export interface WorkloadRegistration {
  readonly namespace: string;
  readonly name: string;
  /** The service it serves; `''`: none. A service that no document describes is made from its registrations. */
  readonly service: string;
  readonly addresses: readonly string[];
  readonly ports: readonly WorkloadRegistrationPort[];
  readonly labels: Readonly<Record<string, string>>;
  /** Default `default`. */
  readonly serviceAccount?: string;
  readonly healthy: boolean;
  /** Default true: `weft run` starts a proxy beside it. */
  readonly proxied?: boolean;
  readonly locality?: string;
  /** A WorkloadGroup of its namespace: what that says is added to what it says itself. */
  readonly group?: string;
}

export interface WorkloadRegistrationPort {
  readonly name?: string;
  /** The number that clients know. */
  readonly port: number;
  /** Where its proxy listens. Default: `port`. */
  readonly listenPort?: number;
  /** Where the program listens. Default: `port`. */
  readonly appPort?: number;
  /** `HTTP`, `TCP`, … or an appProtocol. Default: told by name and number. */
  readonly protocol?: string;
}

/** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Where services and endpoints are kept: one host may exist in several namespaces. */
export function serviceKey({ namespace, hostname }: { readonly namespace: string; readonly hostname: string }): string {
  return `${namespace}/${hostname}`;
}
