import type { Policies } from './policies.ts';
import type { MeshProxy } from './proxy.ts';
import { asksOnDemand } from './scope.ts';
import type { MeshSnapshot } from './snapshot.ts';

/**
 * What of a proxy decides which calls it can make and where they go; all else is empty. A thousand workloads of one namespace
 * that see the same services have one view, whatever they are called. A gateway is like no other: its view is itself.
 */
export function viewOf(snapshot: MeshSnapshot, proxy: MeshProxy): MeshProxy {
  if (proxy.role !== 'sidecar') return proxy;
  const { role, namespace, labels, traffic, upstreams, dialled } = proxy;
  const onDemand = asksOnDemand(snapshot, proxy);
  const asked = callerLabels(snapshot.policies);
  const told = Object.entries(labels).filter(([key]) => asked.has(key));
  return {
    id: '',
    role,
    namespace,
    name: '',
    labels: Object.fromEntries(told.sort(([a], [b]) => (a < b ? -1 : 1))),
    serviceAccount: '',
    addresses: [],
    traffic,
    upstreams,
    // Who asks gets what it called beside its view.
    dialled: onDemand ? [] : dialled,
    locality: '',
    ...(onDemand ? { onDemand } : {}),
  };
}

/** The same text for the same view. */
export function viewKey(view: MeshProxy): string {
  return JSON.stringify(view);
}

const labelsByPolicies = new WeakMap<Policies, ReadonlySet<string>>();

/** The labels that policies choose callers by: of no other can it matter what they say. */
function callerLabels(policies: Policies): ReadonlySet<string> {
  let known = labelsByPolicies.get(policies);
  if (known !== undefined) return known;
  const { sidecars, destinationRules, virtualServices } = policies;
  const wanted = [
    ...sidecars.map(({ spec }) => spec.workloadSelector?.labels),
    ...destinationRules.map(({ spec }) => spec.workloadSelector?.matchLabels),
    ...virtualServices.flatMap(({ spec: { http = [], tcp = [], tls = [] } }) =>
      [...http, ...tcp, ...tls].flatMap(({ match = [] }) => match.map(({ sourceLabels }) => sourceLabels)),
    ),
  ];
  labelsByPolicies.set(policies, (known = new Set(wanted.flatMap((labels) => Object.keys(labels ?? {})))));
  return known;
}
