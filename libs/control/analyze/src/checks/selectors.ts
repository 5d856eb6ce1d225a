import type { AuthorizationPolicySpec, PeerAuthenticationSpec } from '@weft/api-kube';
import { absentPorts, labelsMatch, refText, targetRefsOf, type Workload } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis } from '../analysis.ts';

const GATEWAY = 'gateway.networking.k8s.io/Gateway';

type Labels = Readonly<Record<string, string>>;

interface Selecting {
  readonly object: ConfigObject;
  readonly labels: Labels | undefined;
  readonly path: string;
}

/** What is for certain workloads: that there are such, and that no two resources are for the same. */
export function checkSelectors(analysis: Analysis): void {
  const sidecars = analysis
    .of('networking.istio.io/Sidecar')
    .map((object) => ({ object, labels: object.spec.workloadSelector?.labels, path: 'spec.workloadSelector' }));
  const peers = analysis
    .of('security.istio.io/PeerAuthentication')
    .map((object) => ({ object, labels: object.spec.selector?.matchLabels, path: 'spec.selector' }));
  const policies = analysis
    .of('security.istio.io/AuthorizationPolicy')
    .map((object) => ({ object, labels: object.spec.selector?.matchLabels, path: 'spec.selector' }));
  for (const one of [...sidecars, ...peers, ...policies]) checkWorkloads(analysis, one);
  for (const object of analysis.of('security.istio.io/PeerAuthentication')) checkPorts(analysis, object);
  for (const object of analysis.of('security.istio.io/AuthorizationPolicy')) checkTargets(analysis, object);
  for (const [first, second] of twins(sidecars)) {
    const code = second.labels === undefined ? 'IST0111' : 'IST0110';
    const what = second.labels === undefined ? 'has no workload selector either' : 'selects the same workloads';
    analysis.report(
      code,
      { object: second.object, path: second.labels === undefined ? '' : second.path },
      `${refText(first.object.ref)} (${placeOf(first)}) ${what} in namespace ${second.object.ref.namespace}: it is older and is obeyed, this one has no effect.`,
      'put both into one Sidecar, or give this one other labels',
    );
  }
  for (const [first, second] of twins(peers))
    analysis.report(
      'WFT0110',
      { object: second.object, path: second.labels === undefined ? '' : second.path },
      `${refText(first.object.ref)} (${placeOf(first)}) is for the same workloads: it is older and is obeyed, this one has no effect.`,
      'delete one of the two, or give this one a selector of its own',
    );
}

function checkWorkloads(analysis: Analysis, { object, labels, path }: Selecting): void {
  if (labels === undefined || !analysis.knowsWorkloads) return;
  if (workloadsOf(analysis, object, labels).length > 0) return;
  const text = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  analysis.report(
    'IST0127',
    { object, path },
    `No matching workloads for this resource with the following labels: ${text}. It has no effect.`,
    'correct the labels, or the namespace',
  );
}

function workloadsOf({ snapshot }: Analysis, { ref }: ConfigObject, labels: Labels | undefined): Workload[] {
  const everywhere = ref.namespace === snapshot.config.rootNamespace;
  return [...snapshot.workloads.values()].filter(
    (workload) => (everywhere || workload.namespace === ref.namespace) && labelsMatch(labels, workload.labels),
  );
}

function checkPorts(analysis: Analysis, object: ConfigObject<PeerAuthenticationSpec>): void {
  const { spec } = object;
  const selected = workloadsOf(analysis, object, spec.selector?.matchLabels);
  for (const port of absentPorts(analysis.snapshot, spec, selected))
    analysis.report(
      'WFT0122',
      { object, path: `spec.portLevelMtls["${port}"]` },
      `No program of the workloads it selects listens at port ${port}: what it says of it holds nowhere.`,
      'name the port of the program, not that of its service',
    );
}

function checkTargets(analysis: Analysis, object: ConfigObject<AuthorizationPolicySpec>): void {
  const { spec, ref } = object;
  for (const { kind, name } of targetRefsOf(spec)) {
    if (kind !== 'Gateway' || analysis.find(GATEWAY, ref.namespace, name) !== undefined) continue;
    const at = (spec.targetRefs ?? []).findIndex((target) => target.name === name);
    analysis.report(
      'IST0101',
      { object, path: at < 0 ? 'spec.targetRef.name' : `spec.targetRefs[${at}].name` },
      `Referenced Gateway not found: "${ref.namespace}/${name}". The policy has no effect there.`,
      meant(nearest(name, analysis.names(GATEWAY)), 'add the Gateway (gateway.networking.k8s.io)'),
    );
  }
}

/** Pairs of an older and a younger resource of one namespace with the same selector. */
function twins(all: readonly Selecting[]): (readonly [Selecting, Selecting])[] {
  const first = new Map<string, Selecting>();
  return all.flatMap((one): (readonly [Selecting, Selecting])[] => {
    const key = `${one.object.ref.namespace} ${JSON.stringify(Object.entries(one.labels ?? {}).sort())}`;
    const older = first.get(key);
    if (older === undefined) first.set(key, one);
    return older === undefined ? [] : [[older, one]];
  });
}

function placeOf({ object }: Selecting): string {
  return `${object.place.file}:${object.place.line}`;
}
