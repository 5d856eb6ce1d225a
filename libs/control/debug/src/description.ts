/** What holds for a workload: its ports, its services, and who may call it how. */
export interface WorkloadDescription {
  readonly kind: 'workload';
  /** Absent: it is a program with its sidecar. */
  readonly role?: 'gateway';
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly { readonly port: number; readonly owner: string }[];
  /** Labels that telemetry wants and that are missing. */
  readonly missingLabels: readonly string[];
  readonly identity: string;
  readonly proxied: boolean;
  /** Its proxy has a stream open now. */
  readonly connected: boolean;
  readonly services: readonly ServiceDescription[];
  readonly mtls: readonly MtlsDescription[];
  readonly policies: readonly PolicyDescription[];
}

export interface MtlsDescription {
  readonly port: number;
  readonly mode: string;
  /** `PeerAuthentication default/default`; undefined: nobody says anything. */
  readonly by: string | undefined;
}

export interface PolicyDescription {
  readonly name: string;
  readonly namespace: string;
  readonly action: string;
  readonly rules: number;
  readonly dryRun: boolean;
}

/** What holds for calls to a service. */
export interface ServiceDescription {
  readonly kind: 'service';
  readonly name: string;
  readonly namespace: string;
  readonly hostname: string;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly protocol: string;
    /** Where the programs listen; several when workloads differ. */
    readonly targets: readonly number[];
  }[];
  readonly endpoints: number;
  readonly healthyEndpoints: number;
  /** As seen by callers: one view for all who are told the same, the most frequent first. */
  readonly views: readonly CallerView[];
  /** Gateways that lead to it, with the VirtualService or route that says so. */
  readonly exposedAt: readonly { readonly gateway: string; readonly by: string }[];
}

/** What callers are told of a service: out of their own configuration, not out of the documents. */
export interface CallerView {
  /** Names of proxies; empty: no proxy that is connected calls it, and this is what one beside it would be told. */
  readonly callers: readonly string[];
  readonly virtualService: RouteSource | undefined;
  /** HTTPRoutes, GRPCRoutes. */
  readonly routesBy: readonly string[];
  readonly destinationRule: DestinationRuleView | undefined;
  readonly routes: readonly RouteView[];
}

export interface RouteSource {
  readonly name: string;
  readonly namespace: string;
  readonly http: number;
  readonly tls: number;
  readonly tcp: number;
}

export interface DestinationRuleView {
  readonly names: readonly string[];
  readonly host: string;
  readonly subsets: readonly { readonly name: string; readonly matches: boolean }[];
  /** `TLS Mode: ISTIO_MUTUAL`, `load balancer: RANDOM`. */
  readonly trafficPolicy: readonly string[];
}

export interface RouteView {
  readonly port: string;
  /** `/videos/*, header cookie ~ v2`. */
  readonly match: string;
  /** `redirect to …`, `answer 404`; undefined: it goes to destinations. */
  readonly action: string | undefined;
  readonly destinations: readonly DestinationView[];
}

export interface DestinationView {
  readonly host: string;
  readonly port: number | undefined;
  readonly subset: string;
  /** Of a hundred. */
  readonly percent: number;
}

export type Description = WorkloadDescription | ServiceDescription;
