export type { HealthCheckConfig, HttpCheck, TcpCheck, GrpcCheck } from './health-check.ts';
export { decodeHealthCheck, healthCheckSupport } from './health-check.decode.ts';
export { HealthChecker, type HealthCheckerOptions, type HostHealth } from './health-checker.ts';
