import type { Loggers } from '@weft/core-runtime';

/** A value as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** At once, or once the workers have answered. */
export type Awaitable<T> = T | Promise<T>;

/**
 * All that the admin server asks of a proxy. The server's assembly implements it; each method is called when somebody asks
 * the endpoint of that name, on the main event loop, and answers with plain values. One that rejects is answered with 500.
 */
export interface AdminSource {
  serverInfo(): ServerInfo;
  /** In the order in which /clusters prints them: as configured, then those added by xDS. */
  clusters(): Awaitable<readonly ClusterStatus[]>;
  /** The listeners that are bound. */
  listeners(): Awaitable<readonly ListenerStatus[]>;
  /** The sections of /config_dump in Envoy's order (bootstrap, clusters, endpoints, listeners, …), as JSON by the protobuf mapping. */
  configDump(options: { readonly includeEds: boolean }): Awaitable<readonly ConfigDumpSection[]>;
  /** What start-up still waits for; empty once live. */
  unreadyTargets(): Awaitable<readonly UnreadyTargets[]>;
  certificates(): Awaitable<readonly CertificateStatus[]>;
  memory(): Awaitable<MemoryUsage>;
  readonly stats: AdminStats;
  readonly runtime: AdminRuntime;
  readonly loggers: Loggers;
  /** POST /logging changed a level of `loggers`. */
  levelsChanged(): void;
  /** POST /drain_listeners. */
  drainListeners(options: DrainOptions): void;
  /** POST /healthcheck/fail (true) and /healthcheck/ok (false): while failing, the state is DRAINING. */
  setHealthcheckFailing(failing: boolean): void;
  /** POST /reopen_logs: access logs are opened anew, after their files were moved away. */
  reopenLogs(): void;
  /** POST /quitquitquit: begins the shutdown. Called after the reply was handed to the socket. */
  quit(): void;
}

/** Source: envoy.admin.v3.ServerInfo.State. */
export type ServerState = 'LIVE' | 'DRAINING' | 'PRE_INITIALIZING' | 'INITIALIZING';

export interface ServerInfo {
  /** `<revision>/<version>/<Clean|Modified>/<RELEASE|DEBUG>/<TLS library>`. */
  readonly version: string;
  readonly state: ServerState;
  readonly uptimeCurrentEpochMs: number;
  readonly uptimeAllEpochsMs: number;
  readonly hotRestartVersion: string;
  /** Keys in snake_case, durations as `10s`: printed as they are. */
  readonly commandLineOptions: JsonObject;
  /** envoy.config.core.v3.Node as JSON. */
  readonly node: JsonObject;
}

export interface ClusterStatus {
  readonly name: string;
  /** The alt_stat_name, or the name. */
  readonly observabilityName: string;
  readonly addedViaApi: boolean;
  readonly thresholds: { readonly default: CircuitBreakerThresholds; readonly high: CircuitBreakerThresholds };
  /** Present where outlier detection by success rate runs; -1 in it means "not enough hosts". */
  readonly outlier?: {
    readonly successRateAverage: number;
    readonly successRateEjectionThreshold: number;
    readonly localOriginSuccessRateAverage: number;
    readonly localOriginSuccessRateEjectionThreshold: number;
  };
  readonly edsServiceName?: string;
  readonly hosts: readonly HostStatus[];
}

export interface CircuitBreakerThresholds {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** Envoy's words for why a host is not simply healthy, in the order in which they are printed. */
export const HEALTH_FLAGS = [
  'failed_active_hc',
  'failed_outlier_check',
  'failed_eds_health',
  'degraded_active_hc',
  'degraded_eds_health',
  'pending_dynamic_removal',
  'pending_active_hc',
  'excluded_via_immediate_hc_fail',
  'active_hc_timeout',
  'eds_status_draining',
  'degraded_outlier_detection',
] as const;
export type HealthFlag = (typeof HEALTH_FLAGS)[number];

export interface HostStatus {
  readonly address: AdminAddress;
  readonly stats: HostStats;
  /** The name in DNS or configuration; `''` without. */
  readonly hostname: string;
  /** Empty: healthy. */
  readonly healthFlags: readonly HealthFlag[];
  readonly weight: number;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly canary: boolean;
  readonly priority: number;
  /** 0 to 100, or -1 where it is not known. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
}

export interface HostStats {
  readonly cxActive: number;
  readonly cxConnectFail: number;
  readonly cxTotal: number;
  readonly rqActive: number;
  readonly rqPendingActive: number;
  readonly rqError: number;
  readonly rqSuccess: number;
  readonly rqTimeout: number;
  readonly rqTotal: number;
}

/** A socket address, or the path of a Unix socket. */
export type AdminAddress = { readonly ip: string; readonly port: number } | { readonly path: string };

export interface ListenerStatus {
  readonly name: string;
  readonly address: AdminAddress;
  readonly additionalAddresses?: readonly AdminAddress[];
}

/** One message of ConfigDump.configs: `@type` and its fields. */
export type ConfigDumpSection = JsonObject & { readonly '@type': string };

export interface UnreadyTargets {
  /** What kind of thing waits: `mask` chooses by it. */
  readonly component: 'listener' | 'cluster';
  readonly name: string;
  readonly targetNames: readonly string[];
}

/** One certificate chain in use, of a listener or a cluster. */
export interface CertificateStatus {
  readonly caCertificates: readonly CertificateDetails[];
  readonly certificateChain: readonly CertificateDetails[];
}

export interface CertificateDetails {
  readonly path: string;
  readonly serialNumber: string;
  readonly subjectAltNames: readonly { readonly kind: 'dns' | 'uri' | 'ip_address'; readonly value: string }[];
  readonly daysUntilExpiration: number;
  /** As RFC 3339 in UTC, to the second: `2026-11-21T04:54:58Z`. */
  readonly validFrom: string;
  readonly expirationTime: string;
}

/** Bytes. */
export interface MemoryUsage {
  readonly allocated: number;
  readonly heapSize: number;
  readonly totalPhysical: number;
}

/** The stats store, as the admin server sees it. */
export interface AdminStats {
  /** Answers /stats (`prometheus` false) and /stats/prometheus (true) for these query parameters. */
  render(params: URLSearchParams, prometheus: boolean): Awaitable<AdminReply>;
  resetCounters(): void;
}

export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The runtime, as /runtime prints it and /runtime_modify changes it. */
export interface AdminRuntime {
  /** The names of the layers, lowest first. */
  readonly layers: readonly string[];
  entries(): readonly RuntimeEntry[];
  /**
   * Sets overrides in the admin layer; an empty value removes one. Returns a sentence saying why it cannot (no admin layer),
   * or undefined.
   */
  modify(values: ReadonlyMap<string, string>): string | undefined;
}

export interface RuntimeEntry {
  readonly key: string;
  readonly finalValue: string;
  /** One for each layer; `''` where the layer does not have the key. */
  readonly layerValues: readonly string[];
}

export interface DrainOptions {
  /** Wait for the drain time before closing the listeners. */
  readonly graceful: boolean;
  /** Only listeners whose traffic_direction is INBOUND. */
  readonly inboundOnly: boolean;
  /** Drain connections, but leave the listeners open. */
  readonly skipExit: boolean;
}
