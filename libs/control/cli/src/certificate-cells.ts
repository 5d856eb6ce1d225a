import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { listAt, objectAt, textAt, valueAt } from '@weft/control-debug';
import { X509Certificate } from 'node:crypto';

/** TYPE, STATUS, VALID CERT, SERIAL NUMBER, NOT AFTER, NOT BEFORE of a Secret: of the first certificate that is in it. */
export function certificateCells(secret: JsonObject, state: string, nowMs: number): string[] {
  const chain = objectAt(secret, 'tls_certificate', 'certificate_chain');
  const trusted = objectAt(secret, 'validation_context', 'trusted_ca');
  const type = valueAt(secret, 'tls_certificate') !== undefined ? 'Cert Chain' : isAuthority(secret) ? 'CA' : '-';
  const certificate = firstCertificate(type === 'CA' ? trustedOf(secret, trusted) : chain);
  if (certificate === undefined) return [type, state, '-', '-', '-', '-'];
  const { serialNumber, validFromDate, validToDate } = certificate;
  const [from, to] = [validFromDate, validToDate].map(isoSeconds);
  // By this machine's clock, as the proxy's own readiness is.
  const valid = validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime() ? 'true' : 'false';
  return [type, state, valid, serialNumber.toLowerCase(), to, from];
}

function isoSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function isAuthority(secret: JsonValue): boolean {
  return valueAt(secret, 'validation_context') !== undefined;
}

/** Trust bundles by trust domain come as an extension's configuration. */
function trustedOf(secret: JsonObject, trusted: JsonObject): JsonObject {
  if (Object.keys(trusted).length > 0) return trusted;
  const [first] = listAt(secret, 'validation_context', 'custom_validator_config', 'typed_config', 'trust_domains');
  return objectAt(first, 'trust_bundle');
}

/** Inline only: a file that the proxy reads need not be here. */
function firstCertificate(source: JsonObject): X509Certificate | undefined {
  const bytes = textAt(source, 'inline_bytes');
  const pem = bytes === '' ? textAt(source, 'inline_string') : Buffer.from(bytes, 'base64').toString('latin1');
  try {
    return pem === '' ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
