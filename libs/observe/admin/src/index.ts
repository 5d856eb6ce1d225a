export { AdminServer, type AdminAccessLog, type AdminOptions } from './admin-server.ts';
export type { RegexCompiler } from './endpoint.ts';
export { HEALTH_FLAGS } from './admin-source.ts';
export type {
  AdminAddress,
  AdminReply,
  AdminRuntime,
  AdminSource,
  AdminStats,
  Awaitable,
  CertificateDetails,
  CertificateStatus,
  CircuitBreakerThresholds,
  ClusterStatus,
  ConfigDumpSection,
  DrainOptions,
  HealthFlag,
  HostStats,
  HostStatus,
  Json,
  JsonObject,
  ListenerStatus,
  MemoryUsage,
  RuntimeEntry,
  ServerInfo,
  ServerState,
  UnreadyTargets,
} from './admin-source.ts';
