import { createHash } from 'node:crypto';
import type { CertificateValidation, SanMatcher } from '@weft/model-tls';
import { ExactMatcher, IgnoreCaseMatcher } from '@weft/model-match';
import { parseCertificates, type Certificate } from './certificate.ts';
import type { TlsMaterial } from './material.ts';
import { dnsNameMatches, type SubjectAltName } from './subject-alt-names.ts';
import { RevocationLists } from './revocation.ts';
import { pathTo } from './trust-path.ts';

/** Which of Envoy's counters a refusal belongs to. */
export type VerifyFailureKind =
  'fail_verify_error' | 'fail_verify_san' | 'fail_verify_cert_hash' | 'fail_verify_no_cert';

export type PeerVerdict =
  | { readonly kind: 'accepted'; readonly verified: boolean; readonly counted: VerifyFailureKind | undefined }
  | { readonly kind: 'refused'; readonly counted: VerifyFailureKind; readonly reason: string };

/** What the TLS library and the peer said. */
export interface PeerFacts {
  readonly certificate: Certificate | undefined;
  /** The library's verdict on the chain: undefined for a good one, else OpenSSL's code and words. */
  readonly chainError: { readonly code: string; readonly message: string } | undefined;
  /** A name that the certificate must be for, in place of the configured ones; `''` for none. */
  readonly requiredName: string;
}

/**
 * True where revocation lists are for PeerRules and not for the TLS library: Node has it want a list for every certificate of
 * a chain, and tells the last fault only, behind which a date that does not matter would hide a revocation.
 */
export function judgesRevocation(validation: CertificateValidation): boolean {
  return validation.onlyLeafCrl || validation.allowExpired;
}

const OUT_OF_TIME = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** A validation context, compiled: says whether a peer's certificate will do. Source: CertificateValidationContext. */
export class PeerRules {
  private readonly validation: CertificateValidation;
  private readonly anchors: readonly Certificate[];
  /** Absent: the TLS library looks at them, or there are none. */
  private readonly revocation: RevocationLists | undefined;

  /** Both in PEM; without `trustedCa` no chain is verified. Throws where one of them holds nothing. */
  constructor(validation: CertificateValidation, { trustedCa, crl }: Pick<TlsMaterial, 'trustedCa' | 'crl'>) {
    this.validation = validation;
    this.anchors = trustedCa === undefined ? [] : parseCertificates(trustedCa);
    this.revocation = crl !== undefined && judgesRevocation(validation) ? new RevocationLists(crl) : undefined;
    if (trustedCa !== undefined && this.anchors.length === 0) throw new Error('trusted_ca holds no certificate in PEM');
  }

  get trustedCa(): readonly Certificate[] {
    return this.anchors;
  }

  /** True where a peer that shows no certificate cannot be accepted. */
  get certificateRequired(): boolean {
    const { subjectAltNames, certificateHashes, spkiHashes, acceptUntrusted } = this.validation;
    return !acceptUntrusted && subjectAltNames.length + certificateHashes.length + spkiHashes.length > 0;
  }

  judge(facts: PeerFacts): PeerVerdict {
    const { certificate } = facts;
    if (certificate === undefined) return { kind: 'accepted', verified: false, counted: undefined };
    const chainFault = this.anchors.length === 0 ? undefined : this.chainFault(certificate, facts.chainError);
    if (chainFault !== undefined) return this.refuse('fail_verify_error', chainFault);
    const { required, refusal } = this.compare(certificate, facts.requiredName);
    if (refusal !== undefined) return this.refuse(refusal[0], refusal[1]);
    // Nothing to verify against is no verification: a certificate is then shown for the log, and no more.
    return { kind: 'accepted', verified: this.anchors.length > 0 || required, counted: undefined };
  }

  private refuse(counted: VerifyFailureKind, reason: string): PeerVerdict {
    if (this.validation.acceptUntrusted) return { kind: 'accepted', verified: false, counted };
    return { kind: 'refused', counted, reason: `CERTIFICATE_VERIFY_FAILED: verify cert failed: ${reason}` };
  }

  private chainFault(certificate: Certificate, error: PeerFacts['chainError']): string | undefined {
    const { allowExpired, maxVerifyDepth } = this.validation;
    const onlyTime = error !== undefined && allowExpired && OUT_OF_TIME.has(error.code);
    if (error !== undefined && !onlyTime)
      return `X509_verify_cert: certificate verification error: ${inOpenSslWords(error.message)}`;
    if (!onlyTime && maxVerifyDepth >= 100 && this.revocation === undefined) return undefined;
    // The library tells the last fault only: that it was the date says nothing of the rest.
    const path = pathTo(certificate.chain, this.anchors);
    const fault = path === undefined ? 'unable to get issuer certificate' : this.pathFault(path);
    return fault && `X509_verify_cert: certificate verification error: ${fault}`;
  }

  /** `path`: from the leaf to the anchor. */
  private pathFault(path: readonly Certificate[]): string | undefined {
    const { maxVerifyDepth, onlyLeafCrl } = this.validation;
    if (path.length - 2 > maxVerifyDepth) return `certificate chain too long (${path.length - 2} intermediates)`;
    if (this.revocation === undefined) return undefined;
    const judged = onlyLeafCrl ? path.slice(0, 2) : path;
    for (let i = 0; i + 1 < judged.length; i += 1) {
      const fault = this.revocation.fault(judged[i]!, judged[i + 1]!);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  private compare(
    certificate: Certificate,
    requiredName: string,
  ): { required: boolean; refusal?: readonly [VerifyFailureKind, string] } {
    const { subjectAltNames: matchers, certificateHashes, spkiHashes } = this.validation;
    const names = certificate.subjectAltNames;
    const named = requiredName !== '' || matchers.length > 0;
    const matches =
      requiredName === ''
        ? matchers.some((matcher) => names.some((name) => sanMatches(matcher, name)))
        : names.some(({ type, value }) => type === 'DNS' && dnsNameMatches(requiredName, value));
    if (named && !matches) {
      const list = names.map(({ value }) => value).join(', ');
      return { required: true, refusal: ['fail_verify_san', `SAN matcher, certificate SANs are [${list}]`] };
    }
    const pinned = certificateHashes.length + spkiHashes.length > 0;
    const hashMatches =
      certificateHashes.includes(certificate.sha256Fingerprint) ||
      (spkiHashes.length > 0 && spkiHashes.includes(spkiHash(certificate)));
    if (pinned && !hashMatches) return { required: true, refusal: ['fail_verify_cert_hash', 'cert hash and spki'] };
    return { required: named || pinned };
  }
}

function sanMatches({ type, matcher, oid }: SanMatcher, name: SubjectAltName): boolean {
  if (name.type !== type || name.oid !== oid) return false;
  // An exact DNS matcher names a host, which a wildcard in the certificate stands for.
  const exact = matcher instanceof IgnoreCaseMatcher ? matcher.inner : matcher;
  if (type === 'DNS' && exact instanceof ExactMatcher) return dnsNameMatches(exact.text, name.value);
  return matcher.matches(name.value);
}

function spkiHash(certificate: Certificate): string {
  const key = certificate.x509.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** Node adds advice for its own users behind a semicolon. */
function inOpenSslWords(message: string): string {
  return message.split(';', 1)[0] ?? '';
}
