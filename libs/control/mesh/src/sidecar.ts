import type { SidecarSpec } from '@weft/api-kube';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshProxy } from './proxy.ts';
import type { MeshSnapshot } from './snapshot.ts';

/** The Sidecar of a proxy: one that selects it, else its namespace's, else the root namespace's; of several the oldest. */
export function sidecarFor(
  snapshot: MeshSnapshot,
  proxy: Pick<MeshProxy, 'namespace' | 'labels'>,
): MeshObject<SidecarSpec> | undefined {
  const { sidecars } = snapshot.policies;
  const wide = ({ spec }: MeshObject<SidecarSpec>): boolean =>
    Object.keys(spec.workloadSelector?.labels ?? {}).length === 0;
  const own = sidecars.filter(({ ref }) => ref.namespace === proxy.namespace);
  return (
    own.find((sidecar) => !wide(sidecar) && labelsMatch(sidecar.spec.workloadSelector?.labels, proxy.labels)) ??
    own.find(wide) ??
    sidecars.find((sidecar) => sidecar.ref.namespace === snapshot.config.rootNamespace && wide(sidecar))
  );
}
