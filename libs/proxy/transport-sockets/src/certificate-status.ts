import type { Clock } from '@weft/core-runtime';
import { dataSourceName } from '@weft/model-tls';
import { leafOf, parseCertificates, type Certificate, type SanType } from '@weft/net-tls';
import type { CertificateDetails, CertificateStatus } from '@weft/observe-admin';
import type { ResolvedTls } from './tls-source.ts';

/** The certificates of one configuration as /certs shows them; undefined for a configuration that has none. */
export function certificateStatus(resolved: ResolvedTls | undefined, clock: Clock): CertificateStatus | undefined {
  if (resolved === undefined) return undefined;
  const { material, parts } = resolved;
  // Of a chain and of a bundle of CAs the first certificate, as in Envoy.
  const ca = material.trustedCa === undefined ? [] : parseCertificates(material.trustedCa).slice(0, 1);
  const chains = material.certificates.flatMap((read) => {
    const leaf = leafOf(read);
    return leaf === undefined ? [] : [details(leaf, read.path, clock)];
  });
  if (ca.length === 0 && chains.length === 0) return undefined;
  const caPath = dataSourceName(parts.validation?.trustedCa);
  return { caCertificates: ca.map((certificate) => details(certificate, caPath, clock)), certificateChain: chains };
}

const DAY_MS = 86_400_000;
const SAN_KINDS: Readonly<Record<SanType, 'dns' | 'uri' | 'ip_address' | undefined>> = {
  DNS: 'dns',
  URI: 'uri',
  IP_ADDRESS: 'ip_address',
  EMAIL: undefined,
  OTHER_NAME: undefined,
};

function details(certificate: Certificate, path: string, clock: Clock): CertificateDetails {
  return {
    path,
    serialNumber: certificate.serialNumber,
    subjectAltNames: certificate.subjectAltNames.flatMap(({ type, value }) => {
      const kind = SAN_KINDS[type];
      return kind === undefined ? [] : [{ kind, value }];
    }),
    daysUntilExpiration: daysUntil(certificate.validToMs, clock),
    validFrom: rfc3339(certificate.x509.validFromDate),
    expirationTime: rfc3339(certificate.x509.validToDate),
  };
}

/** Whole days; 0 for what has expired. */
export function daysUntil(validToMs: number, clock: Clock): number {
  return Math.max(0, Math.floor((validToMs - clock.wallMs()) / DAY_MS));
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
