import { X509Certificate } from 'node:crypto';
import type { Clock } from '@weft/core-runtime';
import { endpointAddressText, type HealthStatus, type TextSource, type Thresholds } from '@weft/model-cluster';
import type {
  AdminAddress,
  CertificateDetails,
  CertificateStatus,
  CircuitBreakerThresholds,
  ClusterStatus,
  HealthFlag,
  HostStatus,
} from '@weft/observe-admin';
import type { UpstreamHost } from './host.ts';
import { subjectAltNames } from './subject-alt-names.ts';
import type { UpstreamCluster } from './upstream-cluster.ts';

/** One cluster as /clusters shows it. */
export function clusterStatus(cluster: UpstreamCluster, addedViaApi: boolean): ClusterStatus {
  const { config } = cluster;
  return {
    name: config.name,
    observabilityName: config.altStatName,
    addedViaApi,
    thresholds: { default: thresholds(config.circuitBreakers.default), high: thresholds(config.circuitBreakers.high) },
    ...(config.discovery.kind === 'EDS' ? { edsServiceName: config.discovery.eds.serviceName } : {}),
    hosts: cluster.hosts.map(hostStatus),
  };
}

function thresholds({
  maxConnections,
  maxPendingRequests,
  maxRequests,
  maxRetries,
}: Thresholds): CircuitBreakerThresholds {
  return { maxConnections, maxPendingRequests, maxRequests, maxRetries };
}

const FLAGS: Readonly<Record<HealthStatus, readonly HealthFlag[]>> = {
  UNKNOWN: [],
  HEALTHY: [],
  UNHEALTHY: ['failed_eds_health'],
  DRAINING: ['eds_status_draining'],
  TIMEOUT: ['failed_eds_health'],
  DEGRADED: ['degraded_eds_health'],
};

function hostStatus(host: UpstreamHost): HostStatus {
  const { endpoint, locality } = host;
  const address: AdminAddress =
    endpoint.kind === 'socket' ? { ip: endpoint.host, port: endpoint.port } : { path: endpointAddressText(endpoint) };
  return {
    address,
    stats: host.stats,
    hostname: host.hostname,
    healthFlags: FLAGS[host.healthStatus],
    weight: host.weight,
    region: locality.region,
    zone: locality.zone,
    subZone: locality.subZone,
    canary: false,
    priority: host.priority,
    // Success rates are outlier detection's, which there is none of yet.
    successRate: -1,
    localOriginSuccessRate: -1,
  };
}

/** The certificates of one cluster as /certs shows them; undefined for a cluster that has none. */
export function certificateStatus(cluster: UpstreamCluster, clock: Clock): CertificateStatus | undefined {
  const { tls } = cluster;
  const { validation, certificate } = cluster.config.transportSocket.tls ?? {};
  if (tls === undefined || (tls.texts.ca === undefined && tls.texts.cert === undefined)) return undefined;
  return {
    caCertificates: details(tls.texts.ca, validation?.trustedCa, clock),
    certificateChain: details(tls.texts.cert, certificate?.chain, clock),
  };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const DAY_MS = 86_400_000;
const SAN_KINDS = { DNS: 'dns', URI: 'uri', IP_ADDRESS: 'ip_address', EMAIL: undefined } as const;

function details(pem: string | undefined, source: TextSource | undefined, clock: Clock): CertificateDetails[] {
  return (pem?.match(CERTIFICATE) ?? []).map((text) => {
    const certificate = new X509Certificate(text);
    const { validFromDate, validToDate } = certificate;
    return {
      path: source?.kind === 'file' ? source.path : '<inline>',
      serialNumber: certificate.serialNumber.toLowerCase(),
      subjectAltNames: subjectAltNames(certificate.subjectAltName).flatMap(({ type, value }) => {
        const kind = SAN_KINDS[type];
        return kind === undefined ? [] : [{ kind, value }];
      }),
      daysUntilExpiration: Math.max(0, Math.floor((validToDate.getTime() - clock.wallMs()) / DAY_MS)),
      validFrom: rfc3339(validFromDate),
      expirationTime: rfc3339(validToDate),
    };
  });
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
