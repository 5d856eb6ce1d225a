import type { DestinationRuleSpec, DestinationRuleSubset, DestinationRuleTrafficPolicy } from '@weft/api-kube';
import { byHostSpecificity, hostCovers } from './host-name.ts';
import { labelsMatch, type MeshObject } from './object.ts';
import type { MeshProxy } from './proxy.ts';
import type { MeshService } from './service.ts';
import { isVisible, resolveHost, type MeshSnapshot } from './snapshot.ts';

type Rule = MeshObject<DestinationRuleSpec>;

/** What holds for the calls of one proxy to one service: one rule, or several for the same host merged. */
export interface EffectiveDestinationRule {
  /** Oldest first. */
  readonly sources: readonly Rule[];
  readonly trafficPolicy: DestinationRuleTrafficPolicy | undefined;
  readonly subsets: readonly DestinationRuleSubset[];
}

/** Traffic policy of one port of one subset, nothing left to look up. */
export type PortPolicy = Omit<DestinationRuleTrafficPolicy, 'portLevelSettings'>;

/**
 * Looked for in the client's namespace, the service's, and the root namespace, the first that has one for the host; there the
 * most specific host wins, and rules for the same host are merged: every subset by its first definition, the traffic policy
 * of the oldest that has one. Source: Istio's DestinationRule lookup and merge.
 */
export function destinationRuleFor(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  service: MeshService,
): EffectiveDestinationRule | undefined {
  const { rootNamespace } = snapshot.config;
  for (const namespace of new Set([proxy.namespace, service.namespace, rootNamespace])) {
    const found = mostSpecific(snapshot, proxy, { namespace, host: service.hostname });
    if (found.length > 0) return merge(found);
  }
  return undefined;
}

function mostSpecific(
  snapshot: MeshSnapshot,
  proxy: MeshProxy,
  at: { readonly namespace: string; readonly host: string },
): Rule[] {
  let best: string | undefined;
  let found: Rule[] = [];
  for (const rule of snapshot.policies.destinationRules) {
    const { ref, spec } = rule;
    if (ref.namespace !== at.namespace) continue;
    if (!isVisible({ namespace: ref.namespace, exportTo: spec.exportTo }, proxy.namespace)) continue;
    if (!selects(rule, proxy)) continue;
    const pattern = resolveHost(snapshot, spec.host, ref.namespace);
    if (!hostCovers(pattern, at.host)) continue;
    const order = best === undefined ? -1 : byHostSpecificity(pattern, best);
    if (pattern === best) found.push(rule);
    else if (order < 0) [best, found] = [pattern, [rule]];
  }
  // A rule that chooses its clients takes the place of those for everybody.
  const chosen = found.filter(({ spec }) => spec.workloadSelector !== undefined);
  return chosen.length > 0 ? chosen : found;
}

/** A workload selector is for clients of the rule's own namespace. */
function selects({ ref, spec }: Rule, proxy: MeshProxy): boolean {
  if (spec.workloadSelector === undefined) return true;
  return ref.namespace === proxy.namespace && labelsMatch(spec.workloadSelector.matchLabels, proxy.labels);
}

function merge(sources: readonly Rule[]): EffectiveDestinationRule {
  const subsets = new Map<string, DestinationRuleSubset>();
  for (const { spec } of sources)
    for (const subset of spec.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
  return {
    sources,
    subsets: [...subsets.values()],
    trafficPolicy: sources.find(({ spec }) => spec.trafficPolicy !== undefined)?.spec.trafficPolicy,
  };
}

/**
 * Settings of a port take the place of the policy around them, whole: what they leave out has its default. A subset's policy
 * takes the place of the rule's field by field. Source: TrafficPolicy.PortTrafficPolicy, Subset.traffic_policy.
 */
export function portPolicy(
  rule: EffectiveDestinationRule | undefined,
  port: number,
  subset: DestinationRuleSubset | undefined,
): PortPolicy {
  const base = ofPort(rule?.trafficPolicy, port);
  const own = ofPort(subset?.trafficPolicy, port);
  return { ...base, ...own };
}

function ofPort(policy: DestinationRuleTrafficPolicy | undefined, port: number): PortPolicy {
  if (policy === undefined) return {};
  const { portLevelSettings, ...rest } = policy;
  const found = portLevelSettings?.find((settings) => settings.port?.number === port);
  if (found === undefined) return rest;
  const { port: _, ...settings } = found;
  return settings;
}
