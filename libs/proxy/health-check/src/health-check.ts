/** Source: envoy.config.core.v3.HealthCheck. Times are in milliseconds. */
export interface HealthCheckConfig {
  readonly timeoutMs: number;
  /** Between the end of one check and the next. */
  readonly intervalMs: number;
  /** The same while the host is unhealthy. Default: intervalMs. */
  readonly unhealthyIntervalMs: number;
  /** Up to this much is added to each interval. */
  readonly jitterMs: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly check: HttpCheck | TcpCheck | GrpcCheck;
}

export interface HttpCheck {
  readonly kind: 'http';
  /** `:authority`; `''`: the cluster's name. */
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly http2: boolean;
  /** Statuses from and up to, exclusive. */
  readonly expected: readonly (readonly [from: number, to: number])[];
  /** These count towards the threshold; any other that is not expected makes the host unhealthy at once. */
  readonly retriable: readonly (readonly [from: number, to: number])[];
}

export interface TcpCheck {
  readonly kind: 'tcp';
  /** Empty: the connection itself is what is checked. */
  readonly send: Uint8Array;
  /** What has to come, in this order, with anything between. */
  readonly receive: readonly Uint8Array[];
}

export interface GrpcCheck {
  readonly kind: 'grpc';
  readonly service: string;
  /** `''`: the cluster's name. */
  readonly authority: string;
}
