import { authorizationProvider, isDryRun, labelsMatch, meshConfigOf } from '@weft/control-mesh';
import type { AuthorizationPolicySpec } from '@weft/api-kube';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, nameOf, type Analysis } from '../analysis.ts';

type Policy = ConfigObject<AuthorizationPolicySpec>;

/** CUSTOM policies and those whom they ask. */
export function checkProviders(analysis: Analysis): void {
  const custom = analysis.of('security.istio.io/AuthorizationPolicy').filter(({ spec }) => spec.action === 'CUSTOM');
  const asked = custom.filter((policy) => !isDryRun(policy));
  for (const object of custom)
    if (isDryRun(object))
      analysis.report(
        'WFT0117',
        { object, path: 'metadata.annotations["istio.io/dry-run"]' },
        'A dry run of a CUSTOM policy does nothing: its provider is not asked, and nothing is counted.',
        'take the annotation away, or try an ALLOW or DENY policy',
      );
  for (const object of asked) checkProvider(analysis, object);
  for (const [i, object] of asked.entries()) {
    const other = asked.slice(0, i).find((one) => namesAnother(one, object) && meet(analysis, one, object));
    if (other === undefined) continue;
    analysis.report(
      'WFT0116',
      { object, path: 'spec.provider.name' },
      `${nameOf(other)} names the provider "${other.spec.provider?.name ?? ''}" for the same workloads. One workload can ask one provider: all that both policies are about is denied there.`,
      'name the same provider in both, or give them different selectors',
    );
  }
  checkMeshConfigs(analysis);
}

function checkProvider(analysis: Analysis, object: Policy): void {
  const name = object.spec.provider?.name ?? '';
  const fault = authorizationProvider(analysis.snapshot, name);
  if (typeof fault !== 'string') return;
  const names = (analysis.snapshot.config.extensionProviders ?? []).flatMap((one) => one.name ?? []);
  // Services that nobody describes here may register themselves.
  if (names.includes(name) && fault.includes('is not there') && !analysis.describesAll) return;
  const { rootNamespace } = analysis.snapshot.config;
  analysis.report(
    'WFT0115',
    { object, path: 'spec.provider.name' },
    `${fault.charAt(0).toUpperCase()}${fault.slice(1)}. Everything that the policy's rules are about is denied.`,
    names.includes(name)
      ? `mend extensionProviders in the ConfigMap ${rootNamespace}/istio`
      : meant(nearest(name, names), `describe it in extensionProviders of the ConfigMap ${rootNamespace}/istio`),
  );
}

function namesAnother(a: Policy, b: Policy): boolean {
  return a.spec.provider?.name !== b.spec.provider?.name;
}

/** Both are for a workload that is known, or the one takes in all that the other is for. */
function meet({ snapshot }: Analysis, a: Policy, b: Policy): boolean {
  const { rootNamespace } = snapshot.config;
  const namespaces = [a.ref.namespace, b.ref.namespace].filter((one) => one !== rootNamespace);
  if (new Set(namespaces).size > 1) return false;
  const [first, second] = [a, b].map(({ spec }) => spec.selector?.matchLabels ?? {});
  if (labelsMatch(first, second ?? {}) || labelsMatch(second, first ?? {})) return true;
  return [...snapshot.workloads.values()].some(
    ({ namespace, labels }) =>
      (namespaces[0] ?? namespace) === namespace && labelsMatch(first, labels) && labelsMatch(second, labels),
  );
}

function checkMeshConfigs(analysis: Analysis): void {
  const { config, policies } = analysis.snapshot;
  const used = meshConfigOf(policies, config);
  for (const object of analysis.of('ConfigMap'))
    if (object.ref.namespace !== used?.ref.namespace)
      analysis.report(
        'WFT0118',
        { object, path: 'metadata' },
        `MeshConfig is read from the ConfigMap istio of the namespace ${config.rootNamespace} alone; this one is of ${object.ref.namespace}.`,
        `write "namespace: ${config.rootNamespace}"`,
      );
}
