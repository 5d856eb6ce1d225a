import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Schema } from './schema.ts';

/** One kind of resource that Weft takes. */
export interface KubeKind {
  /** `''` is Kubernetes' core group. */
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** Kinds without a spec carry their fields beside `metadata`. */
  readonly body: 'spec' | 'document';
  readonly versions: readonly string[];
  /** Of its body, in one of `versions`. */
  schema(version: string): Schema;
}

interface StoredKind {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly body?: 'spec' | 'document';
  /** A text names the version that has the same schema. */
  readonly schemas: Readonly<Record<string, Schema | string>>;
}

const FILES = ['istio', 'gateway-api', 'linkerd', 'core', 'mesh'] as const;
/** Files that do not change while the process runs, read once; immutable, so that all who use them may share them. */
let loaded: readonly KubeKind[] | undefined;

/** All kinds. Read on first use: beside the sources, or beside a bundle. */
export function kubeKinds(): readonly KubeKind[] {
  loaded ??= Object.freeze(readKinds());
  return loaded;
}

function readKinds(): KubeKind[] {
  return FILES.flatMap((file) => {
    const path = fileURLToPath(new URL(`../schemas/${file}.json`, import.meta.url));
    const { kinds } = JSON.parse(readFileSync(path, 'utf8'), frozen) as { readonly kinds: readonly StoredKind[] };
    return kinds.map(kindOf);
  });
}

/** Defaults of a schema become parts of many documents: nobody may change them for the others. */
function frozen(_: string, value: unknown): unknown {
  return Object.freeze(value);
}

export function findKind(group: string, kind: string): KubeKind | undefined {
  return kubeKinds().find((one) => one.group === group && one.kind === kind);
}

function kindOf({ body = 'spec', schemas, ...stored }: StoredKind): KubeKind {
  const schema = (version: string): Schema => {
    const found = schemas[version];
    return typeof found === 'string' ? schema(found) : (found ?? {});
  };
  return Object.freeze({ ...stored, body, versions: Object.keys(schemas), schema });
}

/** `networking.istio.io/v1` is group `networking.istio.io`, version `v1`; `v1` is version `v1` of the core group. */
export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: slash < 0 ? '' : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}
