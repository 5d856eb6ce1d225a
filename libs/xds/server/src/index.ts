export { TYPE_URL } from './type-urls.ts';
export { Resource, encodeResource, type ResourceOptions } from './resource.ts';
export { referencesOf, type Reference } from './references.ts';
export {
  Snapshot,
  formatSnapshotFault,
  type ResourceSet,
  type SnapshotChange,
  type SnapshotFault,
} from './snapshot.ts';
export { SnapshotCache, type NodeGroups, type SnapshotWatcher } from './snapshot-cache.ts';
export type { XdsNode } from './node.ts';
export { XdsServer, type OpenedStream, type XdsServerOptions, type XdsServerOwner } from './xds-server.ts';
export type { Admit, Caller } from './stream-context.ts';
export { formatHeldBack, type HeldBack, type ProxyStatus, type SyncState, type TypeStatus } from './proxy-status.ts';
export { Debouncer, type DebouncerOptions } from './debouncer.ts';
export { PushQueue, type PushQueueOptions, type Pushable } from './push-queue.ts';
export { REST_PATHS, type RestRequest, type RestResponse } from './fetch.ts';
export { SERVER_METRIC, type MetricLabels, type ServerMetrics } from './server-metrics.ts';
export { LoadReportService, type LoadReportSink } from './load-report-service.ts';
export type { ClusterLoad, LoadReportWish, LocalityLoad } from './load-report.ts';
export type { Locality } from './locality.ts';
export { HealthDiscoveryService, type HealthCheckProtocol, type HealthSink } from './health-discovery-service.ts';
export type { EndpointHealth, HealthState } from './endpoint-health.ts';
export { accessLogService, type AccessLogBatch, type AccessLogSink } from './access-log-service.ts';
export { metricsService, type MetricsSink } from './metrics-service.ts';
export type { MetricFamily, MetricSample } from './metric-family.ts';
export { clientStatusService, type StatusCaller } from './client-status-service.ts';
