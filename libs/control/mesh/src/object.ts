/** One resource as its author names it: `networking.istio.io`, `VirtualService`, `default`, `videos-api`. */
export interface ObjectRef {
  /** The API group without a version; `''` is Kubernetes' core group. */
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A resource whose form was checked. `S` is its specification as its author wrote it. */
export interface MeshObject<S = unknown> {
  readonly ref: ObjectRef;
  /** Milliseconds since 1970; where nobody knows it, 0. The older of two that conflict wins. */
  readonly createdAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: S;
}

/** The same text for the same resource, whatever version it was written in. */
export function refKey({ group, kind, namespace, name }: ObjectRef): string {
  return `${group}/${kind}/${namespace}/${name}`;
}

/** As people say it: `VirtualService default/videos-api`. */
export function refText({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** Oldest first; of the same age by name, then by namespace. Source: Istio's rule for conflicting configuration. */
export function byAge(a: MeshObject, b: MeshObject): number {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  return compareText(a.ref.name, b.ref.name) || compareText(a.ref.namespace, b.ref.namespace);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True where every wanted label is there with its value. No wanted label: true. */
export function labelsMatch(
  wanted: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
}
