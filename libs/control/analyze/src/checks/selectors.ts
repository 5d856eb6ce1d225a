import { labelsMatch, refText } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import type { Analysis } from '../analysis.ts';

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
  const { namespace } = object.ref;
  const everywhere = namespace === analysis.snapshot.config.rootNamespace;
  const workloads = [...analysis.snapshot.workloads.values()].filter(
    (workload) => everywhere || workload.namespace === namespace,
  );
  if (workloads.some((workload) => labelsMatch(labels, workload.labels))) return;
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
