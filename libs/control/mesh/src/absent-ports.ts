import type { PeerAuthenticationSpec } from '@weft/api-kube';
import { inboundPorts, type WorkloadOfProxy } from './proxy.ts';
import type { MeshSnapshot } from './snapshot.ts';

/**
 * The ports that `portLevelMtls` names and that no program of the workloads it selects listens at: what is said of them holds
 * nowhere. Nothing where nobody is selected.
 */
export function absentPorts(
  snapshot: MeshSnapshot,
  { portLevelMtls = {} }: PeerAuthenticationSpec,
  selected: readonly WorkloadOfProxy[],
): string[] {
  const named = Object.keys(portLevelMtls);
  if (named.length === 0 || selected.length === 0) return [];
  const taken = new Set(selected.flatMap((one) => inboundPorts(snapshot, one).map(({ appPort }) => String(appPort))));
  return named.filter((port) => !taken.has(port));
}
