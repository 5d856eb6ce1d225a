import type { SecretSpec } from '@weft/api-kube';
import type { MeshObject } from './object.ts';

/** A secret as proxies ask for it. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
  /** What of it: a certificate with its key, or the authorities that peers are checked by. */
  readonly part: 'certificate' | 'authorities';
}

export type SecretData = Readonly<Record<string, Uint8Array>>;

/** What a name for authorities ends in. Source: Istio, pkg/config/security. */
export const AUTHORITIES_SUFFIX = '-cacert';

/**
 * Reads `kubernetes://name` or `kubernetes://namespace/name`, which a proxy gets from its own namespace only, and
 * `kubernetes-gateway://namespace/name`, which ReferenceGrants were asked about; the same with `-cacert`. Undefined: it is none
 * of these, or not for a proxy in `own`. Source: Istio, pilot/pkg/credentials.
 */
export function readSecretName(text: string, own: string): SecretName | undefined {
  const wanted = /^(kubernetes|kubernetes-gateway):\/\/(?:([^/]+)\/)?([^/]+?)(-cacert)?$/.exec(text);
  if (wanted === null) return undefined;
  const [, scheme, namespace = own, name = '', suffix] = wanted;
  if (namespace !== own && scheme === 'kubernetes') return undefined;
  return { namespace, name, part: suffix === undefined ? 'certificate' : 'authorities' };
}

/** Istio's names for the parts, and Kubernetes'. */
const PARTS = {
  certificate: [
    ['tls.crt', 'cert'],
    ['tls.key', 'key'],
  ],
  authorities: [['ca.crt', 'cacert']],
} as const;

/** The data under the first of its names that is there. */
export function secretField(data: SecretData, names: readonly string[]): Uint8Array | undefined {
  const name = names.find((one) => data[one] !== undefined);
  return name === undefined ? undefined : data[name];
}

/** Each part of a certificate (chain, key), or the bundle of authorities; undefined where one is missing. */
export function secretParts(data: SecretData, part: SecretName['part']): readonly Uint8Array[] | undefined {
  const found = PARTS[part].map((names) => secretField(data, names));
  return found.every((one) => one !== undefined) ? found : undefined;
}

/**
 * The Secret that has what is asked for. Authorities may be in a Secret of their own, `name-cacert`, or beside the certificate:
 * one that is there without them is passed over.
 */
export function findSecret(objects: Iterable<MeshObject>, wanted: SecretName): SecretData | undefined {
  const names = candidates(wanted);
  const found = secretsNamed(objects, wanted.namespace, names)
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name))
    .map(({ data }) => data);
  return found.find((data) => secretParts(data, wanted.part) !== undefined);
}

/** Why no Secret answers to a name that a proxy in `own` asks for; undefined: one does, or the name is no Secret's. */
export function secretFault(objects: Iterable<MeshObject>, text: string, own: string): string | undefined {
  if (!/^kubernetes(-gateway)?:/.test(text)) return undefined;
  const wanted = readSecretName(text, own);
  if (wanted === undefined)
    return `${text} is a Secret of another namespace than ${own}: no ReferenceGrant can be asked`;
  const all = [...objects];
  if (findSecret(all, wanted) !== undefined) return undefined;
  const { namespace, part } = wanted;
  const keys = PARTS[part].map(([first]) => first).join(' and ');
  const [existing] = secretsNamed(all, namespace, candidates(wanted));
  if (existing !== undefined) return `Secret ${namespace}/${existing.name} has no ${keys}`;
  return `there is no Secret ${candidates(wanted)
    .map((name) => `${namespace}/${name}`)
    .join(' or ')} with ${keys}`;
}

function candidates({ name, part }: SecretName): string[] {
  return part === 'certificate' ? [name] : [`${name}${AUTHORITIES_SUFFIX}`, name];
}

function secretsNamed(
  objects: Iterable<MeshObject>,
  namespace: string,
  names: readonly string[],
): { readonly name: string; readonly data: SecretData }[] {
  const found = [];
  for (const { ref, spec } of objects) {
    if (ref.kind !== 'Secret' || ref.group !== '' || ref.namespace !== namespace || !names.includes(ref.name)) continue;
    const { data = {}, stringData = {} } = spec as SecretSpec;
    found.push({
      name: ref.name,
      data: Object.fromEntries([
        ...Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')] as const),
        ...Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text)] as const),
      ]),
    });
  }
  return found;
}
