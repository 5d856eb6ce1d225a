import { egressOf, MESH_GATEWAY, mtlsMode, virtualServicesAt } from '@weft/control-mesh';
import type { SidecarSpec } from '@weft/api-kube';
import type { ConfigObject } from '@weft/control-sources';
import type { Analysis } from '../analysis.ts';

/** Listeners of Sidecars that no service is behind, and TLS of theirs that is never ended. */
export function checkSidecars(analysis: Analysis): void {
  const { rootNamespace } = analysis.snapshot.config;
  for (const sidecar of analysis.of('networking.istio.io/Sidecar')) {
    // What other namespaces see is theirs.
    if (analysis.knowsServices && sidecar.ref.namespace !== rootNamespace) checkEgress(analysis, sidecar);
    checkIngress(analysis, sidecar);
  }
}

function checkEgress(analysis: Analysis, sidecar: ConfigObject<SidecarSpec>): void {
  const { snapshot } = analysis;
  const { namespace } = sidecar.ref;
  const { egress = [] } = sidecar.spec;
  // Where not all services are described, those that hosts name may register.
  if (!analysis.describesAll) return;
  const virtualServices = virtualServicesAt(snapshot, MESH_GATEWAY, namespace);
  const caller = { namespace, traffic: 'capture' } as const;
  for (const { index, port, services } of egressOf(snapshot, caller, { egress, virtualServices }).listeners) {
    if (services.length > 0) continue;
    const at = port === undefined || port.anyPort ? '' : ` has the port ${port.number}`;
    analysis.report(
      'WFT0123',
      { object: sidecar, path: `spec.egress[${index}].hosts` },
      `No service that is named here${at === '' ? ' is there' : at}: there will be no such listener.`,
      'name a service that has the port',
    );
  }
}

function checkIngress(analysis: Analysis, sidecar: ConfigObject<SidecarSpec>): void {
  const { namespace } = sidecar.ref;
  const labels = sidecar.spec.workloadSelector?.labels ?? {};
  for (const [i, { tls, port }] of (sidecar.spec.ingress ?? []).entries()) {
    if (tls === undefined) continue;
    const number = port.number ?? 0;
    const { mode } = mtlsMode(analysis.snapshot, { namespace, labels, port: number });
    if (mode === 'DISABLE') continue;
    analysis.report(
      'WFT0124',
      { object: sidecar, path: `spec.ingress[${i}].tls` },
      `TLS is ended here only where mutual TLS is off, and port ${number} is ${mode}: this has no effect.`,
      `say portLevelMtls: {${number}: {mode: DISABLE}} in a PeerAuthentication for the same workloads`,
    );
  }
}
