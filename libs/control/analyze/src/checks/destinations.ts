import type { VirtualServiceDestination } from '@weft/api-kube';
import { findService, hostCovers, servicesNamed, type MeshService } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis, type Spot } from '../analysis.ts';

/** What routes of VirtualServices name: hosts, ports, subsets. */
export function checkDestinations(analysis: Analysis): void {
  for (const object of analysis.of('networking.istio.io/VirtualService')) {
    const { http = [], tcp = [], tls = [] } = object.spec;
    for (const [i, { route = [], mirror, mirrors = [] }] of http.entries()) {
      const path = `spec.http[${i}]`;
      for (const [j, { destination }] of route.entries())
        check(analysis, { object, path: `${path}.route[${j}].destination` }, destination);
      if (mirror !== undefined) check(analysis, { object, path: `${path}.mirror` }, mirror);
      for (const [j, { destination }] of mirrors.entries())
        check(analysis, { object, path: `${path}.mirrors[${j}].destination` }, destination);
    }
    for (const [list, rules] of Object.entries({ tcp, tls }))
      for (const [i, { route = [] }] of rules.entries())
        for (const [j, { destination }] of route.entries())
          if (destination !== undefined)
            check(analysis, { object, path: `spec.${list}[${i}].route[${j}].destination` }, destination);
  }
}

function check(analysis: Analysis, spot: Spot, { host, port, subset }: VirtualServiceDestination): void {
  const { namespace } = spot.object.ref;
  const fullName = analysis.host(host, namespace);
  const service = serviceOf(analysis, fullName, namespace);
  if (service === undefined && analysis.knowsServices) {
    reportHost(analysis, { ...spot, path: `${spot.path}.host` }, { host, fullName });
    return;
  }
  if (subset !== undefined) checkSubset(analysis, { ...spot, path: `${spot.path}.subset` }, { fullName, host, subset });
  const ports = service?.ports.map(({ number }) => number) ?? [];
  if (port?.number !== undefined && ports.length > 0 && !ports.includes(port.number))
    analysis.report(
      'WFT0112',
      { ...spot, path: `${spot.path}.port.number` },
      `The service "${host}" has no port ${port.number}: calls to this destination fail.`,
      `use ${ports.join(' or ')}`,
    );
  if (port?.number === undefined && ports.length > 1)
    analysis.report(
      'IST0112',
      { ...spot, path: `${spot.path}.host` },
      `The service "${host}" has the ports ${ports.join(', ')}, and the destination names none.`,
      'add port with a number to the destination',
    );
}

function serviceOf({ snapshot }: Analysis, fullName: string, namespace: string): MeshService | undefined {
  const exact = findService(snapshot, fullName, namespace) ?? servicesNamed(snapshot, fullName)[0];
  return (
    exact ??
    [...snapshot.services.values()].find(({ hostname }) => hostname.startsWith('*') && hostCovers(hostname, fullName))
  );
}

function reportHost(
  analysis: Analysis,
  spot: Spot,
  { host, fullName }: { readonly host: string; readonly fullName: string },
): void {
  const names = [...analysis.snapshot.services.values()].flatMap(({ hostname }) => [
    hostname,
    hostname.split('.')[0] ?? '',
  ]);
  const suggestion = nearest(host, new Set(names));
  if (analysis.mayRegister(fullName))
    analysis.report(
      'WFT0119',
      spot,
      `No document describes the host "${host}". Until a workload registers for it, calls that are routed there fail with 503.`,
      meant(
        suggestion,
        'nothing is wrong where "weft run" serves it: "weft check" tells what is wrong in the mesh as it runs',
      ),
    );
  else
    analysis.report(
      'IST0101',
      spot,
      `Referenced host not found: "${host}". Calls that are routed there fail with 503.`,
      meant(suggestion, 'describe it in a Service or ServiceEntry'),
    );
}

function checkSubset(
  analysis: Analysis,
  spot: Spot,
  wanted: { readonly fullName: string; readonly host: string; readonly subset: string },
): void {
  const { fullName, host, subset } = wanted;
  const rules = analysis.of('networking.istio.io/DestinationRule').filter((rule) => isFor(analysis, rule, fullName));
  const subsets = rules.flatMap(({ spec }) => (spec.subsets ?? []).map(({ name }) => name));
  if (subsets.includes(subset)) return;
  const otherwise =
    rules.length === 0
      ? `no DestinationRule is for ${host}: add one with the subset`
      : `add it to DestinationRule ${rules[0]?.ref.name ?? ''}`;
  analysis.report(
    'IST0101',
    spot,
    `Referenced host+subset in destinationrule not found: "${host}+${subset}". Calls that are routed there fail with 503.`,
    meant(nearest(subset, subsets), otherwise),
  );
}

function isFor(analysis: Analysis, rule: ConfigObject<{ readonly host: string }>, fullName: string): boolean {
  return hostCovers(analysis.host(rule.spec.host, rule.ref.namespace), fullName);
}
