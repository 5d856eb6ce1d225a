import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { TlsCertificate as Message } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/common_pb';
import { decodeDataSource, decodeOptionalDataSource } from './data-source.decode.ts';
import type { TlsCertificate } from './tls-certificate.ts';

export const tlsCertificateSupport: FieldSupport = {
  'envoy.extensions.transport_sockets.tls.v3.TlsCertificate': [
    'certificate_chain', 'private_key', 'pkcs12', 'password', 'watched_directory', 'ocsp_staple',
  ],
}; // prettier-ignore

export function decodeTlsCertificate(message: Message, cx: DecodeContext): TlsCertificate | undefined {
  const before = cx.faults.length;
  if (message.privateKeyProvider !== undefined)
    cx.at('private_key_provider').later('a private key provider', { expected: 'private_key' });
  const common = {
    password: decodeOptionalDataSource(message.password, cx.at('password')),
    ocspStaple: decodeOptionalDataSource(message.ocspStaple, cx.at('ocsp_staple')),
    watchedDirectory: message.watchedDirectory?.path,
  };
  const certificate =
    message.pkcs12 === undefined
      ? {
          ...common,
          chain: decodeDataSource(message.certificateChain, cx.at('certificate_chain')),
          key:
            message.privateKeyProvider === undefined
              ? decodeDataSource(message.privateKey, cx.at('private_key'))
              : undefined,
          pkcs12: undefined,
        }
      : { ...common, chain: undefined, key: undefined, pkcs12: decodeDataSource(message.pkcs12, cx.at('pkcs12')) };
  if (message.pkcs12 !== undefined && (message.certificateChain !== undefined || message.privateKey !== undefined))
    cx.error('has pkcs12 beside certificate_chain or private_key', { expected: 'one or the other' });
  return cx.faults.length > before ? undefined : certificate;
}
