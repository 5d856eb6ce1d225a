import { create } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { SecretSpec } from '@weft/api-kube';
import type { ObjectSet } from '@weft/control-sources';
import { encodeResource, type Resource } from '@weft/xds-server';

/**
 * Secrets of documents as resources, by the names that translation gives them: `kubernetes://name` or
 * `kubernetes://namespace/name`, which a proxy gets from its own namespace only, and `kubernetes-gateway://namespace/name`, which
 * ReferenceGrants were asked about; the same with `-cacert` for the authorities that clients are checked by. A name that no
 * document has is left out: the proxy waits for it. Source: Istio, pilot/pkg/credentials.
 */
export function secretResources({ objects }: ObjectSet, names: readonly string[], own: string): Resource[] {
  return names.flatMap((name) => {
    const wanted = /^(kubernetes|kubernetes-gateway):\/\/(?:([^/]+)\/)?([^/]+?)(-cacert)?$/.exec(name);
    if (wanted === null) return [];
    const [, scheme, namespace = own, secret = '', ca] = wanted;
    if (namespace !== own && scheme === 'kubernetes') return [];
    const data = dataOf(objects, namespace, secret) ?? dataOf(objects, namespace, `${secret}${ca ?? ''}`);
    if (data === undefined) return [];
    const message = ca === undefined ? certificate(name, data) : authorities(name, data);
    return message === undefined ? [] : [encodeResource(message)];
  });
}

type Data = Readonly<Record<string, Uint8Array>>;

function dataOf(objects: ObjectSet['objects'], namespace: string, name: string): Data | undefined {
  for (const { ref, spec } of objects.values()) {
    if (ref.kind !== 'Secret' || ref.group !== '' || ref.name !== name || ref.namespace !== namespace) continue;
    const { data = {}, stringData = {} } = spec as SecretSpec;
    return Object.fromEntries([
      ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
      ...Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text)] as const),
    ]);
  }
  return undefined;
}

/** Istio's names for the parts, and Kubernetes'. */
function certificate(name: string, data: Data) {
  const chain = data['tls.crt'] ?? data['cert'];
  const key = data['tls.key'] ?? data['key'];
  if (chain === undefined || key === undefined) return undefined;
  return secret(name, {
    case: 'tlsCertificate',
    value: { certificateChain: inline(chain), privateKey: inline(key) },
  });
}

function authorities(name: string, data: Data) {
  const bundle = data['ca.crt'] ?? data['cacert'];
  return bundle && secret(name, { case: 'validationContext', value: { trustedCa: inline(bundle) } });
}

function inline(bytes: Uint8Array) {
  return { specifier: { case: 'inlineBytes', value: bytes } };
}

function secret(name: string, type: object) {
  const schema = registry().getMessage('envoy.extensions.transport_sockets.tls.v3.Secret');
  if (schema === undefined) throw new Error('the API has no Secret');
  return create(schema, { name, type });
}
