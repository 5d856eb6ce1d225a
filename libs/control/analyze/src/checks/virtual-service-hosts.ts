import { boundVirtualServices, hostsOverlap, MESH_GATEWAY, refText, shadowsOf } from '@weft/control-mesh';
import type { VirtualServiceSpec } from '@weft/api-kube';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, nameOf, type Analysis } from '../analysis.ts';

/** Which VirtualServices have no effect: another one has the host, or no gateway serves it. */
export function checkVirtualServiceHosts(analysis: Analysis): void {
  for (const bound of boundVirtualServices(analysis.snapshot)) {
    const object = bound.object as ConfigObject<VirtualServiceSpec>;
    for (const winner of new Set(shadowsOf(analysis.snapshot, bound)) as Set<ConfigObject<VirtualServiceSpec>>) {
      const shared = (object.spec.hosts ?? []).filter((host) =>
        (winner.spec.hosts ?? []).some(
          (other) => analysis.host(host, object.ref.namespace) === analysis.host(other, winner.ref.namespace),
        ),
      );
      const place = `${winner.place.file}:${winner.place.line}`;
      const path = `spec.hosts[${(object.spec.hosts ?? []).indexOf(shared[0] ?? '')}]`;
      const host = shared.join(', ');
      analysis.report(
        'IST0109',
        { object, path },
        `The VirtualServices ${nameOf(winner)} and ${nameOf(object)} of the mesh both claim the host ${host}. They are not merged: ${refText(winner.ref)} (${place}) is older and is obeyed, this one has no effect on ${host}.`,
        'put the rules into one VirtualService, or delete one of the two',
      );
    }
    checkGateways(analysis, object, bound.gateways);
  }
}

function checkGateways(
  analysis: Analysis,
  object: ConfigObject<VirtualServiceSpec>,
  gateways: readonly string[],
): void {
  for (const [i, gateway] of gateways.entries()) {
    if (gateway === MESH_GATEWAY) continue;
    const spot = { object, path: `spec.gateways[${i}]` };
    const [namespace = '', name = ''] = gateway.split('/');
    const found = analysis.find('networking.istio.io/Gateway', namespace, name);
    if (found === undefined) {
      const hint = meant(
        nearest(name, analysis.names('networking.istio.io/Gateway')),
        `add a Gateway ${name} in namespace ${namespace}`,
      );
      analysis.report(
        'IST0101',
        spot,
        `Referenced gateway not found: "${object.spec.gateways?.[i] ?? gateway}". The rules have no effect there.`,
        hint,
      );
      continue;
    }
    const served = (found.spec.servers ?? []).flatMap(({ hosts }) =>
      hosts.map((host) => host.slice(host.indexOf('/') + 1)),
    );
    const missing = (object.spec.hosts ?? []).filter((host) => !served.some((pattern) => hostsOverlap(pattern, host)));
    if (missing.length > 0)
      analysis.report(
        'IST0132',
        { object, path: `spec.hosts[${(object.spec.hosts ?? []).indexOf(missing[0] ?? '')}]` },
        `The gateway ${gateway} serves ${served.join(', ')}, and not ${missing.join(', ')}: these hosts get no routes there.`,
        `add the host to a server of Gateway ${name}`,
      );
  }
}
