import type { ConfigNode } from '@weft/core-config-text';
import { TYPE_URL } from './extensions.ts';
import { addressOf } from './v1-address.ts';
import type { V1Map } from './v1-map.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';

/** A cluster of v1. */
export function v1Cluster(cluster: V1Map): ConfigNode {
  const name = cluster.take('name');
  const hosts = cluster.maps('hosts')?.map((host) => ({ endpoint: host.build({ address: addressOf(host, 'url') }) }));
  const loadBalancer = cluster.text('lb_type');
  const isHttp2 = cluster.text('features')?.split(',').includes('http2') === true;
  const http2 = cluster.take('http2_settings') ?? (isHttp2 ? {} : undefined);
  const family = cluster.text('dns_lookup_family');
  return cluster.upgraded('the cluster', {
    name,
    connect_timeout: cluster.duration('connect_timeout_ms'),
    type: cluster.capitals('type'),
    lb_policy: loadBalancer === undefined ? undefined : cluster.at('lb_type', loadBalancerOf(loadBalancer)),
    load_assignment: hosts === undefined ? undefined : { cluster_name: name, endpoints: [{ lb_endpoints: hosts }] },
    health_checks: healthChecks(cluster.map('health_check')),
    circuit_breakers: circuitBreakers(cluster.map('circuit_breakers')),
    transport_socket: tlsSocket(cluster.map('ssl_context'), 'UpstreamTlsContext'),
    http2_protocol_options: http2,
    dns_refresh_rate: cluster.duration('dns_refresh_rate_ms'),
    dns_lookup_family: family === undefined ? undefined : cluster.at('dns_lookup_family', family.toUpperCase()),
    outlier_detection: outlierDetection(cluster.map('outlier_detection')),
  });
}

function loadBalancerOf(type: string): string {
  return type.toUpperCase() === 'ORIGINAL_DST_LB' ? 'CLUSTER_PROVIDED' : type.toUpperCase();
}

function healthChecks(check: V1Map | undefined): unknown {
  if (check === undefined) return undefined;
  const type = check.text('type');
  const service = check.take('service_name');
  const http = { path: check.take('path'), ...(service && { service_name_matcher: { prefix: service } }) };
  const common = {
    timeout: check.duration('timeout_ms'),
    interval: check.duration('interval_ms'),
    interval_jitter: check.duration('interval_jitter_ms'),
  };
  return [check.build({ ...common, ...(type === 'http' ? { http_health_check: http } : { tcp_health_check: {} }) })];
}

function circuitBreakers(breakers: V1Map | undefined): unknown {
  if (breakers === undefined) return undefined;
  const thresholds = (['default', 'high'] as const).flatMap((priority) => {
    const limits = breakers.map(priority);
    return limits === undefined ? [] : [limits.build({ priority: priority.toUpperCase() })];
  });
  return breakers.build({ thresholds });
}

function outlierDetection(detection: V1Map | undefined): unknown {
  return detection?.build({
    interval: detection.duration('interval_ms'),
    base_ejection_time: detection.duration('base_ejection_time_ms'),
  });
}

/** `ssl_context` of a cluster or a listener. */
export function tlsSocket(context: V1Map | undefined, type: 'UpstreamTlsContext' | 'DownstreamTlsContext'): unknown {
  if (context === undefined) return undefined;
  const chain = context.take('cert_chain_file');
  const key = context.take('private_key_file');
  const ca = context.take('ca_cert_file');
  const names = context.take('verify_subject_alt_name');
  const hash = context.take('verify_certificate_hash');
  const validation = {
    ...(ca && { trusted_ca: { filename: ca } }),
    ...(names && { verify_subject_alt_name: names }),
    ...(hash && { verify_certificate_hash: [hash] }),
  };
  const alpn = context.text('alpn_protocols')?.split(',');
  const certificate = {
    ...(chain && { certificate_chain: { filename: chain } }),
    ...(key && { private_key: { filename: key } }),
  };
  const parameters = {
    cipher_suites: colonList(context, 'cipher_suites'),
    ecdh_curves: colonList(context, 'ecdh_curves'),
  };
  const common = {
    ...(alpn && { alpn_protocols: alpn }),
    ...(chain !== undefined || key !== undefined ? { tls_certificates: [certificate] } : {}),
    ...(Object.keys(validation).length > 0 && { validation_context: validation }),
    ...(Object.values(parameters).some((list) => list !== undefined) && { tls_params: defined(parameters) }),
  };
  const typed_config = context.build({
    '@type': `${TYPE_URL}${TLS}.${type}`,
    common_tls_context: common,
    ...(type === 'DownstreamTlsContext' && { require_client_certificate: context.take('require_client_certificate') }),
  });
  return { name: 'envoy.transport_sockets.tls', typed_config };
}

function colonList(map: V1Map, field: string): string[] | undefined {
  return map.text(field)?.split(':');
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
