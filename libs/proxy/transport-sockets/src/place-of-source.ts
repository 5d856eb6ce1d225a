import type { CommonTls, DataSource } from '@weft/model-tls';

/**
 * The field of CommonTlsContext that names this file or variable: `['tls_certificates', 0, 'private_key', 'filename']`.
 * Undefined for what is elsewhere: in a secret, or among keys of session tickets.
 */
export function placeOfSource(source: DataSource, common: CommonTls): (string | number)[] | undefined {
  const leaf = source.kind === 'file' ? 'filename' : 'environment_variable';
  for (const [i, { chain, key, pkcs12, password, ocspStaple }] of common.certificates.entries()) {
    const field = fieldOf(source, {
      certificate_chain: chain,
      private_key: key,
      pkcs12,
      password,
      ocsp_staple: ocspStaple,
    });
    if (field !== undefined) return ['tls_certificates', i, field, leaf];
  }
  const { validation, validationSecret } = common;
  const field = fieldOf(source, { trusted_ca: validation?.trustedCa, crl: validation?.crl });
  if (field === undefined) return undefined;
  return validationSecret === undefined
    ? ['validation_context', field, leaf]
    : ['combined_validation_context', 'default_validation_context', field, leaf];
}

function fieldOf(source: DataSource, fields: Readonly<Record<string, DataSource | undefined>>): string | undefined {
  return Object.entries(fields).find(([, value]) => value === source)?.[0];
}
