import type { MeshSnapshot } from './snapshot.ts';

/** A reference from one namespace to something in another. */
export interface CrossReference {
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
  readonly to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

/** Within a namespace always; into another one where a ReferenceGrant of that namespace says so. */
export function isGranted({ policies }: MeshSnapshot, { from, to }: CrossReference): boolean {
  if (from.namespace === to.namespace) return true;
  return policies.referenceGrants.some(
    ({ ref, spec }) =>
      ref.namespace === to.namespace &&
      spec.from.some(
        ({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace,
      ) &&
      spec.to.some(
        ({ group, kind, name }) =>
          group === to.group && kind === to.kind && (name === undefined || name === '' || name === to.name),
      ),
  );
}
