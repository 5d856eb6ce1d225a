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
  const { exact, wild } = rulesOf(snapshot, at.namespace);
  const concerns = (rule: Rule): boolean =>
    isVisible({ namespace: at.namespace, exportTo: rule.spec.exportTo }, proxy.namespace) && selects(rule, proxy);
  const named = (exact.get(at.host) ?? []).filter(concerns);
  const found =
    named.length > 0
      ? named
      : wild
          .filter(({ pattern }) => hostCovers(pattern, at.host))
          .map(({ rules }) => rules.filter(concerns))
          .find((rules) => rules.length > 0);
  // A rule that chooses its clients takes the place of those for everybody.
  const chosen = (found ?? []).filter(({ spec }) => spec.workloadSelector !== undefined);
  return chosen.length > 0 ? chosen : (found ?? []);
}

interface RulesOfNamespace {
  readonly exact: ReadonlyMap<string, Rule[]>;
  /** The most specific first. */
  readonly wild: readonly { readonly pattern: string; readonly rules: Rule[] }[];
}

const byNamespace = new WeakMap<MeshSnapshot, Map<string, RulesOfNamespace>>();

/** The rules of a namespace by the hosts that they name, oldest first; worked out once for a snapshot. */
function rulesOf(snapshot: MeshSnapshot, namespace: string): RulesOfNamespace {
  let known = byNamespace.get(snapshot);
  if (known === undefined) byNamespace.set(snapshot, (known = new Map()));
  let rules = known.get(namespace);
  if (rules === undefined) {
    const own = snapshot.policies.destinationRules.filter(({ ref }) => ref.namespace === namespace);
    const exact = Map.groupBy(own, ({ spec }) => resolveHost(snapshot, spec.host, namespace));
    const wild = [...exact]
      .filter(([pattern]) => pattern.startsWith('*'))
      .map(([pattern, list]) => ({ pattern, rules: list }))
      .sort((a, b) => byHostSpecificity(a.pattern, b.pattern));
    known.set(namespace, (rules = { exact, wild }));
  }
  return rules;
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
