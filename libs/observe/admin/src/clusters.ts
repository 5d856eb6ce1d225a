import { addressJson, addressText } from './address.ts';
import type {
  CircuitBreakerThresholds,
  ClusterStatus,
  HostStats,
  HostStatus,
  Json,
  JsonObject,
} from './admin-source.ts';

/** /clusters as text: `cluster::what::value` and `cluster::host::what::value`. */
export function clustersText(clusters: readonly ClusterStatus[]): string {
  return clusters.map(clusterText).join('');
}

function clusterText(cluster: ClusterStatus): string {
  const lines = [`observability_name::${cluster.observabilityName}`];
  if (cluster.outlier !== undefined) {
    const { outlier } = cluster;
    lines.push(
      `outlier::success_rate_average::${outlier.successRateAverage}`,
      `outlier::success_rate_ejection_threshold::${outlier.successRateEjectionThreshold}`,
      `outlier::local_origin_success_rate_average::${outlier.localOriginSuccessRateAverage}`,
      `outlier::local_origin_success_rate_ejection_threshold::${outlier.localOriginSuccessRateEjectionThreshold}`,
    );
  }
  for (const priority of ['default', 'high'] as const) {
    for (const [name, value] of Object.entries(thresholdsJson(cluster.thresholds[priority]))) {
      lines.push(`${priority}_priority::${name}::${String(value)}`);
    }
  }
  lines.push(`added_via_api::${cluster.addedViaApi}`);
  if (cluster.edsServiceName !== undefined) lines.push(`eds_service_name::${cluster.edsServiceName}`);
  for (const host of cluster.hosts) {
    const address = addressText(host.address);
    for (const line of hostLines(host)) lines.push(`${address}::${line}`);
  }
  return lines.map((line) => `${cluster.name}::${line}\n`).join('');
}

function hostLines(host: HostStatus): string[] {
  const { stats } = host;
  return [
    `cx_active::${stats.cxActive}`,
    `cx_connect_fail::${stats.cxConnectFail}`,
    `cx_total::${stats.cxTotal}`,
    `rq_active::${stats.rqActive}`,
    `rq_error::${stats.rqError}`,
    `rq_pending_active::${stats.rqPendingActive}`,
    `rq_success::${stats.rqSuccess}`,
    `rq_timeout::${stats.rqTimeout}`,
    `rq_total::${stats.rqTotal}`,
    `hostname::${host.hostname}`,
    `health_flags::${host.healthFlags.length === 0 ? 'healthy' : host.healthFlags.map((flag) => `/${flag}`).join('')}`,
    `weight::${host.weight}`,
    `region::${host.region}`,
    `zone::${host.zone}`,
    `sub_zone::${host.subZone}`,
    `canary::${host.canary}`,
    `priority::${host.priority}`,
    `success_rate::${host.successRate}`,
    `local_origin_success_rate::${host.localOriginSuccessRate}`,
  ];
}

/** /clusters?format=json: envoy.admin.v3.Clusters. What has its default value is left out, as protobuf JSON does. */
export function clustersJson(clusters: readonly ClusterStatus[]): Json {
  return { cluster_statuses: clusters.map(clusterJson) };
}

function clusterJson(cluster: ClusterStatus): Json {
  const { outlier } = cluster;
  return present({
    name: cluster.name,
    added_via_api: cluster.addedViaApi,
    success_rate_ejection_threshold: percent(outlier?.successRateEjectionThreshold),
    host_statuses: cluster.hosts.map(hostJson),
    local_origin_success_rate_ejection_threshold: percent(outlier?.localOriginSuccessRateEjectionThreshold),
    circuit_breakers: {
      thresholds: [
        thresholdsJson(cluster.thresholds.default),
        { priority: 'HIGH', ...thresholdsJson(cluster.thresholds.high) },
      ],
    },
    observability_name: cluster.observabilityName,
    eds_service_name: cluster.edsServiceName ?? '',
  });
}

function hostJson(host: HostStatus): Json {
  return {
    address: addressJson(host.address),
    stats: statsJson(host.stats),
    health_status: healthJson(host),
    ...present({
      success_rate: percent(host.successRate),
      weight: host.weight,
      hostname: host.hostname,
      priority: host.priority,
      local_origin_success_rate: percent(host.localOriginSuccessRate),
    }),
    locality: present({ region: host.region, zone: host.zone, sub_zone: host.subZone }),
  };
}

function statsJson(stats: HostStats): Json {
  const counter = (name: string, value: number): Json => ({ ...(value === 0 ? {} : { value: String(value) }), name });
  const gauge = (name: string, value: number): Json => ({
    type: 'GAUGE',
    ...(value === 0 ? {} : { value: String(value) }),
    name,
  });
  return [
    counter('cx_connect_fail', stats.cxConnectFail),
    counter('cx_total', stats.cxTotal),
    counter('rq_error', stats.rqError),
    counter('rq_success', stats.rqSuccess),
    counter('rq_timeout', stats.rqTimeout),
    counter('rq_total', stats.rqTotal),
    gauge('cx_active', stats.cxActive),
    gauge('rq_active', stats.rqActive),
    gauge('rq_pending_active', stats.rqPendingActive),
  ];
}

function healthJson({ healthFlags }: HostStatus): Json {
  const has = (flag: (typeof healthFlags)[number]): boolean => healthFlags.includes(flag);
  let eds = 'HEALTHY';
  if (has('failed_eds_health')) eds = 'UNHEALTHY';
  else if (has('eds_status_draining')) eds = 'DRAINING';
  else if (has('degraded_eds_health')) eds = 'DEGRADED';
  return present({
    failed_active_health_check: has('failed_active_hc'),
    failed_outlier_check: has('failed_outlier_check'),
    eds_health_status: eds,
    failed_active_degraded_check: has('degraded_active_hc'),
    pending_dynamic_removal: has('pending_dynamic_removal'),
    pending_active_hc: has('pending_active_hc'),
    excluded_via_immediate_hc_fail: has('excluded_via_immediate_hc_fail'),
    active_hc_timeout: has('active_hc_timeout'),
  });
}

function thresholdsJson(thresholds: CircuitBreakerThresholds): JsonObject {
  return {
    max_connections: thresholds.maxConnections,
    max_pending_requests: thresholds.maxPendingRequests,
    max_requests: thresholds.maxRequests,
    max_retries: thresholds.maxRetries,
  };
}

/** envoy.type.v3.Percent, where the rate is known. */
function percent(rate: number | undefined): Json {
  return rate === undefined || rate < 0 ? null : { value: rate };
}

function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== '' && value !== false && value !== 0),
  );
}
