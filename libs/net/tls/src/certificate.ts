import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from '@weft/core-http';
import { subjectAltNames, type SanType, type SubjectAltName } from './subject-alt-names.ts';

const PEM_CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The certificates in a PEM text, in their order. Throws on one that cannot be read. */
export function parseCertificates(pem: string): Certificate[] {
  return (pem.match(PEM_CERTIFICATE) ?? []).map((text) => new Certificate(new X509Certificate(text)));
}

/** A certificate whose fields are read when they are first asked for. */
export class Certificate implements PeerCertificate {
  readonly x509: X509Certificate;
  /** Those that came with it, itself first. */
  readonly chain: readonly Certificate[];
  private sans: readonly SubjectAltName[] | undefined;

  constructor(x509: X509Certificate, issuers: readonly Certificate[] = []) {
    this.x509 = x509;
    this.chain = [this, ...issuers];
  }

  get subject(): string {
    return rfc2253(this.x509.subject);
  }
  get issuer(): string {
    return rfc2253(this.x509.issuer);
  }
  get serialNumber(): string {
    return this.x509.serialNumber.toLowerCase();
  }
  get subjectAltNames(): readonly SubjectAltName[] {
    this.sans ??= subjectAltNames(this.x509.raw);
    return this.sans;
  }
  get uriSans(): readonly string[] {
    return this.sansOf('URI');
  }
  get dnsSans(): readonly string[] {
    return this.sansOf('DNS');
  }
  get emailSans(): readonly string[] {
    return this.sansOf('EMAIL');
  }
  get ipSans(): readonly string[] {
    return this.sansOf('IP_ADDRESS');
  }
  get otherNameSans(): readonly string[] {
    return this.sansOf('OTHER_NAME');
  }
  get sha1Fingerprint(): string {
    return this.x509.fingerprint.replaceAll(':', '').toLowerCase();
  }
  get sha256Fingerprint(): string {
    return this.x509.fingerprint256.replaceAll(':', '').toLowerCase();
  }
  get urlEncodedPem(): string {
    return urlEncode(this.x509.toString());
  }
  get urlEncodedPemChain(): string {
    return this.chain.map((certificate) => certificate.urlEncodedPem).join('');
  }
  get validFromMs(): number {
    return this.x509.validFromDate.getTime();
  }
  get validToMs(): number {
    return this.x509.validToDate.getTime();
  }
  /** The most specific common name; undefined without. */
  get commonName(): string | undefined {
    return /(?:^|\n)CN=(.*)/.exec(this.x509.subject)?.[1];
  }

  private sansOf(wanted: SanType): readonly string[] {
    return this.subjectAltNames.flatMap(({ type, value }) => (type === wanted ? [value] : []));
  }
}

/**
 * Node's text has one attribute a line, from the root down, escaped as RFC 2253 asks and in UTF-8; the RFC's own order is the
 * other way round, with bytes above ASCII escaped too.
 */
function rfc2253(lines: string | undefined): string {
  const reversed = (lines ?? '').split('\n').reverse().join(',');
  return reversed.replace(/[^ -~]+/g, (text) =>
    [...Buffer.from(text, 'utf8')].map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

/** What PEM has beyond letters and digits, percent-encoded, as x-forwarded-client-cert carries it. */
function urlEncode(pem: string): string {
  const text = pem.endsWith('\n') ? pem : `${pem}\n`;
  return text.replace(/[\n +/=]/g, (char) => encodeURIComponent(char));
}
