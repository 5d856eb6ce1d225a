import type { PeerAuthenticationMtls, PeerAuthenticationSpec } from '@weft/api-kube';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshSnapshot } from './snapshot.ts';

export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

/** A mode, and the resource that says so; undefined: nobody did. */
export interface EffectiveMtls {
  readonly mode: MtlsMode;
  readonly source: MeshObject<PeerAuthenticationSpec> | undefined;
}

type PeerAuthentication = MeshObject<PeerAuthenticationSpec>;

/** Whose calls are taken: a workload's namespace, labels, and the port where they arrive. */
export interface MtlsQuestion {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
}

/**
 * Port, workload, namespace, mesh: the narrowest that is set wins, and of several as narrow the oldest. Where nobody says
 * anything both are taken. Source: PeerAuthentication.
 */
export function mtlsMode(snapshot: MeshSnapshot, { namespace, labels, port }: MtlsQuestion): EffectiveMtls {
  const { rootNamespace } = snapshot.config;
  const all = snapshot.policies.peerAuthentications;
  const inNamespace = all.filter(({ ref }) => ref.namespace === namespace);
  const ofWorkload = inNamespace.filter(
    (one) => hasSelector(one) && labelsMatch(one.spec.selector?.matchLabels, labels),
  );
  for (const source of ofWorkload) {
    const mode = modeOf(source.spec.portLevelMtls?.[String(port)]);
    if (mode !== undefined) return { mode, source };
  }
  const wide = [
    ofWorkload,
    inNamespace.filter((one) => !hasSelector(one)),
    all.filter((one) => one.ref.namespace === rootNamespace && !hasSelector(one)),
  ];
  for (const [source] of wide) {
    const mode = modeOf(source?.spec.mtls);
    if (mode !== undefined) return { mode, source };
  }
  return { mode: 'PERMISSIVE', source: undefined };
}

function hasSelector({ spec }: PeerAuthentication): boolean {
  return Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
}

function modeOf(mtls: PeerAuthenticationMtls | undefined): MtlsMode | undefined {
  return mtls?.mode === undefined || mtls.mode === 'UNSET' ? undefined : mtls.mode;
}
