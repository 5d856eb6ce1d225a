import type { Report } from '../report.ts';
import type { DestinationRuleSpec, DestinationRuleTrafficPolicy } from '../types/index.ts';
import { checkDuration } from './durations.ts';
import { checkHost } from './words.ts';

export function checkDestinationRule(spec: DestinationRuleSpec, report: Report): void {
  checkHost(spec.host, 'spec.host', report);
  checkPolicy(spec.trafficPolicy, 'spec.trafficPolicy', report);
  const seen = new Map<string, number>();
  for (const [i, { name, trafficPolicy }] of (spec.subsets ?? []).entries()) {
    const first = seen.get(name);
    if (first !== undefined) report(`spec.subsets[${i}].name`, `"${name}" is the name of spec.subsets[${first}] too`);
    else seen.set(name, i);
    checkPolicy(trafficPolicy, `spec.subsets[${i}].trafficPolicy`, report);
  }
}

function checkPolicy(policy: DestinationRuleTrafficPolicy | undefined, path: string, report: Report): void {
  if (policy === undefined) return;
  checkTls(policy.tls, `${path}.tls`, report);
  checkPool(policy.connectionPool, `${path}.connectionPool`, report);
  const seen = new Map<number, number>();
  for (const [i, setting] of (policy.portLevelSettings ?? []).entries()) {
    const here = `${path}.portLevelSettings[${i}]`;
    const port = setting.port?.number;
    if (port === undefined) report(here, 'is for no port', { expected: 'port with a number' });
    else if (seen.has(port))
      report(`${here}.port`, `is for port ${port}, as ${path}.portLevelSettings[${seen.get(port) ?? 0}] is`);
    else seen.set(port, i);
    checkTls(setting.tls, `${here}.tls`, report);
    checkPool(setting.connectionPool, `${here}.connectionPool`, report);
  }
}

type Pool = DestinationRuleTrafficPolicy['connectionPool'];

/** Numbers that count something. */
const COUNTS = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'maxConcurrentStreams',
] as const;

function checkPool(pool: Pool, path: string, report: Report): void {
  const { tcp, http } = pool ?? {};
  const atLeastNone = (value: number | undefined, place: string): void => {
    if (value !== undefined && value < 0) report(place, `${value} is too small`, { expected: 'at least 0' });
  };
  atLeastNone(tcp?.maxConnections, `${path}.tcp.maxConnections`);
  for (const key of COUNTS) atLeastNone(http?.[key], `${path}.http.${key}`);
  checkDuration(tcp?.connectTimeout, `${path}.tcp.connectTimeout`, report);
  // The kernel counts whole seconds.
  checkDuration(tcp?.tcpKeepalive?.time, `${path}.tcp.tcpKeepalive.time`, report, 1000);
  checkDuration(tcp?.tcpKeepalive?.interval, `${path}.tcp.tcpKeepalive.interval`, report, 1000);
  checkDuration(http?.idleTimeout, `${path}.http.idleTimeout`, report);
  checkDuration(http?.http2KeepAlive?.interval, `${path}.http.http2KeepAlive.interval`, report);
  checkDuration(http?.http2KeepAlive?.timeout, `${path}.http.http2KeepAlive.timeout`, report);
}

const MAX_SNI_OCTETS = 255;

function checkTls(tls: DestinationRuleTrafficPolicy['tls'], path: string, report: Report): void {
  if (tls === undefined) return;
  const { mode, clientCertificate, privateKey, caCertificates, credentialName, sni, subjectAltNames = [] } = tls;
  if (
    mode === 'MUTUAL' &&
    (credentialName ?? '') === '' &&
    ((clientCertificate ?? '') === '' || (privateKey ?? '') === '')
  )
    report(path, 'is MUTUAL without a certificate', {
      expected: 'clientCertificate and privateKey, or credentialName',
    });
  if (Buffer.byteLength(sni ?? '') > MAX_SNI_OCTETS)
    report(`${path}.sni`, `has ${Buffer.byteLength(sni ?? '')} octets`, { expected: `at most ${MAX_SNI_OCTETS}` });
  const given = Object.entries({ clientCertificate, privateKey, caCertificates, credentialName, sni }).filter(
    ([, value]) => value,
  );
  if (mode === 'ISTIO_MUTUAL' && (given.length > 0 || subjectAltNames.length > 0))
    report(path, `is ISTIO_MUTUAL with ${given[0]?.[0] ?? 'subjectAltNames'}`, {
      expected: 'nothing else: the mesh gives certificates and names',
    });
}
