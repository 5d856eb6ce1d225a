/** Source: config.core.v3.HealthStatus. */
export type HealthState = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY' | 'DRAINING' | 'TIMEOUT' | 'DEGRADED';

/** What one proxy found of one endpoint. */
export interface EndpointHealth {
  /** Empty in reports of proxies that do not say it. */
  readonly cluster: string;
  /** `ip:port`, or a socket's path. */
  readonly address: string;
  readonly health: HealthState;
}
