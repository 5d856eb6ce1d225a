import type { DestinationRuleTls, DestinationRuleTrafficPolicy } from '@weft/api-kube';
import { hostCovers, labelsMatch, mtlsMode, refText, servicesNamed, serviceKey } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import type { DestinationRuleSpec } from '@weft/api-kube';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis, type Spot } from '../analysis.ts';

/** DestinationRules that nobody obeys, that conflict, or that leave calls less safe than they look. */
export function checkDestinationRules(analysis: Analysis): void {
  const seen = new Map<string, ConfigObject<DestinationRuleSpec>>();
  for (const object of analysis.of('networking.istio.io/DestinationRule')) {
    const { host, trafficPolicy, workloadSelector, subsets = [] } = object.spec;
    const fullName = analysis.host(host, object.ref.namespace);
    checkHost(analysis, { object, path: 'spec.host' }, fullName);
    const key = JSON.stringify([object.ref.namespace, fullName, workloadSelector?.matchLabels ?? {}]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, object);
    else if (first.spec.trafficPolicy !== undefined && trafficPolicy !== undefined)
      analysis.report(
        'WFT0106',
        { object, path: 'spec.trafficPolicy' },
        `${refText(first.ref)} (${first.place.file}:${first.place.line}) is for ${host} too and is older: its trafficPolicy holds, this one has no effect.`,
        'put both into one DestinationRule',
      );
    checkPolicy(analysis, { object, path: 'spec.trafficPolicy' }, trafficPolicy);
    for (const [i, subset] of subsets.entries()) {
      checkPolicy(analysis, { object, path: `spec.subsets[${i}].trafficPolicy` }, subset.trafficPolicy);
      checkSubset(analysis, { object, path: `spec.subsets[${i}].labels` }, { fullName, ...subset });
    }
    checkPlaintext(analysis, object, fullName);
  }
}

function checkHost(analysis: Analysis, spot: Spot, fullName: string): void {
  if (!analysis.knowsServices) return;
  const hosts = [...analysis.snapshot.services.values()].map(({ hostname }) => hostname);
  if (hosts.some((known) => hostCovers(fullName, known) || hostCovers(known, fullName))) return;
  const { host } = spot.object.spec as DestinationRuleSpec;
  const names = new Set(hosts.flatMap((known) => [known, known.split('.')[0] ?? '']));
  analysis.report(
    'WFT0105',
    spot,
    `Nobody describes the host "${host}": the rule has no effect.`,
    meant(nearest(host, names), 'describe it in a Service or ServiceEntry'),
  );
}

function checkPolicy(analysis: Analysis, spot: Spot, policy: DestinationRuleTrafficPolicy | undefined): void {
  if (policy === undefined) return;
  if (unverified(policy.tls)) {
    const { host } = spot.object.spec as DestinationRuleSpec;
    analysis.report(
      'IST0128',
      { ...spot, path: `${spot.path}.tls` },
      `TLS towards ${host} is ${policy.tls?.mode ?? ''} without caCertificates: any server's certificate is taken for the right one.`,
      'set caCertificates and subjectAltNames',
    );
  }
  for (const [i, { port, tls }] of (policy.portLevelSettings ?? []).entries())
    if (unverified(tls))
      analysis.report(
        'IST0129',
        { ...spot, path: `${spot.path}.portLevelSettings[${i}].tls` },
        `TLS towards port ${port?.number ?? ''} is ${tls?.mode ?? ''} without caCertificates: any server's certificate is taken for the right one.`,
        'set caCertificates and subjectAltNames',
      );
}

function unverified(tls: DestinationRuleTls | undefined): boolean {
  return (
    (tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL') &&
    tls.caCertificates === undefined &&
    tls.credentialName === undefined &&
    tls.insecureSkipVerify !== true
  );
}

interface Subset {
  readonly fullName: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function checkSubset(analysis: Analysis, spot: Spot, { fullName, name, labels }: Subset): void {
  const services = servicesNamed(analysis.snapshot, fullName);
  const endpoints = services.flatMap((service) => analysis.snapshot.endpoints.get(serviceKey(service)) ?? []);
  if (
    endpoints.length === 0 ||
    labels === undefined ||
    endpoints.some((endpoint) => labelsMatch(labels, endpoint.labels))
  )
    return;
  const text = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  analysis.report(
    'WFT0113',
    spot,
    `None of the ${endpoints.length} endpoints of the host has the labels ${text}: calls to the subset "${name}" fail with 503.`,
    'correct the labels of the subset or of the endpoints',
  );
}

/** Plaintext by a rule towards workloads that take mutual TLS only. */
function checkPlaintext(analysis: Analysis, object: ConfigObject<DestinationRuleSpec>, fullName: string): void {
  if (object.spec.trafficPolicy?.tls?.mode !== 'DISABLE') return;
  for (const service of servicesNamed(analysis.snapshot, fullName)) {
    const { namespace, ports, selector } = service;
    const labels = selector ?? analysis.snapshot.endpoints.get(serviceKey(service))?.[0]?.labels ?? {};
    const question = { namespace, labels, port: ports[0]?.targetPort ?? ports[0]?.number ?? 0 };
    const { mode, source } = mtlsMode(analysis.snapshot, question);
    if (mode !== 'STRICT') continue;
    const by = source === undefined ? 'the mesh' : refText(source.ref);
    analysis.report(
      'IST0113',
      { object, path: 'spec.trafficPolicy.tls.mode' },
      `Clients are told to use plaintext towards ${object.spec.host}, and ${by} lets its workloads take mutual TLS only: every call fails.`,
      'use ISTIO_MUTUAL, or PERMISSIVE in the PeerAuthentication',
    );
    return;
  }
}
