import { create } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import { findSecret, readSecretName, secretField, secretParts, type SecretData } from '@weft/control-mesh';
import type { ObjectSet } from '@weft/control-sources';
import { encodeResource, type Resource } from '@weft/xds-server';

/**
 * Secrets of documents as resources, by the names that translation gives them (`readSecretName`). A name that no document has
 * is left out: the proxy waits for it, and `weft status` says so.
 */
export function secretResources({ objects }: ObjectSet, names: readonly string[], own: string): Resource[] {
  return names.flatMap((name) => {
    const wanted = readSecretName(name, own);
    const data = wanted && findSecret(objects.values(), wanted);
    if (data === undefined) return [];
    const message = wanted?.part === 'certificate' ? certificate(name, data) : authorities(name, data);
    return message === undefined ? [] : [encodeResource(message)];
  });
}

function certificate(name: string, data: SecretData) {
  const [chain, key] = secretParts(data, 'certificate') ?? [];
  if (chain === undefined || key === undefined) return undefined;
  return secret(name, {
    case: 'tlsCertificate',
    value: { certificateChain: inline(chain), privateKey: inline(key) },
  });
}

function authorities(name: string, data: SecretData) {
  const [bundle] = secretParts(data, 'authorities') ?? [];
  const crl = secretField(data, ['ca.crl', 'crl']);
  return (
    bundle &&
    secret(name, {
      case: 'validationContext',
      value: { trustedCa: inline(bundle), ...(crl === undefined ? {} : { crl: inline(crl) }) },
    })
  );
}

function inline(bytes: Uint8Array) {
  return { specifier: { case: 'inlineBytes', value: bytes } };
}

function secret(name: string, type: object) {
  const schema = registry().getMessage('envoy.extensions.transport_sockets.tls.v3.Secret');
  if (schema === undefined) throw new Error('the API has no Secret');
  return create(schema, { name, type });
}
