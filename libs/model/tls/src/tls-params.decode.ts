import { nearest, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { TlsParameters } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { CIPHER_SUITES, DEFAULT_CIPHER_SUITES, openSslCipherName } from './cipher-suites.ts';
import type { TlsParams, TlsVersion } from './tls-params.ts';

export const tlsParamsSupport: FieldSupport = {
  'envoy.extensions.transport_sockets.tls.v3.TlsParameters': [
    'tls_minimum_protocol_version', 'tls_maximum_protocol_version', 'cipher_suites', 'ecdh_curves',
    'signature_algorithms',
  ],
}; // prettier-ignore

const VERSIONS: readonly (TlsVersion | undefined)[] = [undefined, 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const CURVES = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'P-521'];
const DEFAULT_CURVES = ['X25519MLKEM768', 'X25519', 'P-256'];
const SIGNATURE_ALGORITHMS = [
  'ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512', 'ed25519', 'rsa_pkcs1_sha1',
  'rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512', 'rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
]; // prettier-ignore

/** Versions without an entry are TLSv1.2 and `defaultMax`. */
export function decodeTlsParams(
  message: TlsParameters | undefined,
  cx: DecodeContext,
  defaultMax: TlsVersion,
): TlsParams {
  const minVersion = VERSIONS[message?.tlsMinimumProtocolVersion ?? 0] ?? 'TLSv1.2';
  const maxVersion = VERSIONS[message?.tlsMaximumProtocolVersion ?? 0] ?? defaultMax;
  // A minimum above the default maximum is a wish for the minimum alone.
  const openMax = (message?.tlsMaximumProtocolVersion ?? 0) === 0 && minVersion > maxVersion ? minVersion : maxVersion;
  if (minVersion > openMax) cx.error(`wants at least ${minVersion} and at most ${openMax}`);
  const written = message?.cipherSuites ?? [];
  const groups = written.length === 0 ? DEFAULT_CIPHER_SUITES : written;
  for (const [i, algorithm] of (message?.signatureAlgorithms ?? []).entries())
    check(algorithm, SIGNATURE_ALGORITHMS, cx.at('signature_algorithms', i));
  const curves = split(message?.ecdhCurves ?? []);
  for (const [curve, i] of curves) check(curve, CURVES, cx.at('ecdh_curves', i));
  return {
    minVersion,
    maxVersion: openMax,
    cipherSuites: decodeCipherSuites(groups, cx.at('cipher_suites')),
    chachaByClient: groups.some((group) => group.startsWith('[') && group.includes('CHACHA20')),
    curves: curves.length === 0 ? DEFAULT_CURVES : curves.map(([curve]) => curve),
    signatureAlgorithms: message?.signatureAlgorithms ?? [],
  };
}

/** BoringSSL's brackets put suites in one group of equal worth; here they stand in the order written. */
function decodeCipherSuites(groups: readonly string[], cx: DecodeContext): string[] {
  return split(groups.map((group) => group.replace(/[[\]]/g, '').replaceAll('|', ':'))).flatMap(([name, i]) => {
    const suite = openSslCipherName(name);
    if (suite === undefined) check(name, CIPHER_SUITES, cx.at(i));
    return suite ?? [];
  });
}

/** Elements may hold several names, joined by colons; each with the index of its element. */
function split(list: readonly string[]): (readonly [string, number])[] {
  return list.flatMap((element, i) =>
    element
      .split(':')
      .filter((name) => name !== '')
      .map((name) => [name, i] as const),
  );
}

function check(name: string, known: readonly string[], cx: DecodeContext): void {
  if (known.includes(name)) return;
  const suggestion = nearest(name, known);
  cx.error(`"${name}" is not known`, {
    expected: `one of: ${known.join(', ')}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}
