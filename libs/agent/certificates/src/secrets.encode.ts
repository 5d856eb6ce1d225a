import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import { privateKeyPem } from '@weft/net-x509';
import { encodeResource, type Resource } from '@weft/xds-server';
import type { HeldCertificate } from './certificate-signer.ts';

/** The names under which proxies ask. Source: Istio's agent (`default`, `ROOTCA`). */
export const CERTIFICATE_SECRET = 'default';
export const ROOT_SECRET = 'ROOTCA';

const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

/** A certificate with its key, and the trust bundle, as Envoy's SDS resources. */
export function encodeSecrets({ chain, keys, roots }: HeldCertificate): readonly Resource[] {
  return [
    encodeResource(
      secret(CERTIFICATE_SECRET, 'tlsCertificate', {
        certificateChain: inline(chain.join('')),
        privateKey: inline(privateKeyPem(keys.privateKey)),
      }),
    ),
    encodeResource(secret(ROOT_SECRET, 'validationContext', { trustedCa: inline(roots.join('')) })),
  ];
}

function secret(name: string, field: string, value: object): Message {
  const schema = registry().getMessage(SECRET) as DescMessage;
  return create(schema, { name, type: { case: field, value } });
}

function inline(text: string): object {
  return { specifier: { case: 'inlineBytes', value: Buffer.from(text) } };
}
