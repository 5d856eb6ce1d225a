import {
  absentPorts,
  apiGatewayOf,
  authorizationFor,
  authorizationProvider,
  customProvider,
  gatewayPorts,
  inboundPorts,
  isDryRun,
  labelsMatch,
  mtlsMode,
  targetRefsOf,
  type AuthorizationPolicy,
  type EffectiveAuthorization,
  type MeshProxy,
  type MeshSnapshot,
} from '@weft/control-mesh';
import { rulePolicy } from './authorization-rule.ts';
import { blindPorts, connectionRuleNotes, type BlindPort } from './status-connection-rules.ts';
import { shadowNotes, statusOf, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

/** Effective on those that take calls at a port whose mode it decides. */
export function peerAuthenticationStatus({ snapshot, proxies }: StatusWorld): ObjectStatus[] {
  const { peerAuthentications } = snapshot.policies;
  if (peerAuthentications.length === 0) return [];
  const sidecars = proxies.filter(({ role }) => role === 'sidecar');
  const deciding = sidecars.map((proxy) => ({ proxy, by: decidersOf(snapshot, proxy) }));
  const counts = new Map<PeerAuthentication, number>();
  for (const { by } of deciding)
    for (const policy of by) if (policy !== undefined) counts.set(policy, (counts.get(policy) ?? 0) + 1);
  return peerAuthentications.map((policy) => {
    const effectiveOn = counts.get(policy) ?? 0;
    if (proxies.length === 0) return statusOf(policy, effectiveOn, []);
    const selected = deciding.filter(({ proxy }) => selects(snapshot, policy, proxy));
    const absent = absentPorts(snapshot, policy.spec, selected.map(({ proxy }) => proxy)); // prettier-ignore
    const notes = effectiveOn > 0 ? [] : decidesNothing(selected.map(({ by }) => by));
    return statusOf(policy, effectiveOn, [...notes, ...absent.map(holdsNowhere)]);
  });
}

function holdsNowhere(port: string): StatusNote {
  return {
    kind: 'warning',
    message: `no program that it selects listens at port ${port}: what it says of it holds nowhere`,
    path: `spec.portLevelMtls["${port}"]`,
  };
}

/** `selected`: for each proxy that a policy selects, who decides at its ports instead. */
function decidesNothing(selected: readonly ReadonlySet<PeerAuthentication | undefined>[]): StatusNote[] {
  const unattached = (message: string): StatusNote[] => [{ kind: 'unattached', message }];
  if (selected.length === 0) return unattached('no proxy is selected');
  const winners = selected.flatMap((by) => [...by].filter((one) => one !== undefined));
  if (winners.length > 0)
    return shadowNotes(winners, 'it is narrower, or as narrow and older, at every port where calls are taken');
  const callable = selected.some((by) => by.size > 0);
  return unattached(
    callable ? 'it says no mode for a port of those it selects' : 'no proxy that it selects takes calls',
  );
}

type PeerAuthentication = MeshSnapshot['policies']['peerAuthentications'][number];

function selects({ config }: MeshSnapshot, { ref, spec }: PeerAuthentication, proxy: MeshProxy): boolean {
  const labels = spec.selector?.matchLabels ?? {};
  const wide = Object.keys(labels).length === 0 && ref.namespace === config.rootNamespace;
  if (proxy.role !== 'sidecar' || !(wide || proxy.namespace === ref.namespace)) return false;
  return labelsMatch(labels, proxy.labels);
}

/** Whose modes hold at the ports where a proxy takes calls; undefined: nobody's at some. */
function decidersOf(snapshot: MeshSnapshot, proxy: MeshProxy): ReadonlySet<PeerAuthentication | undefined> {
  const { namespace, labels } = proxy;
  const ports = inboundPorts(snapshot, proxy);
  return new Set(ports.map(({ appPort }) => mtlsMode(snapshot, { namespace, labels, port: appPort }).source));
}

/** What a policy is in force for. */
interface Selected {
  readonly on: EffectiveAuthorization[];
  readonly blind: BlindPort[];
  /** Proxies that take calls. */
  count: number;
}

export function authorizationStatus({ snapshot, proxies }: StatusWorld): ObjectStatus[] {
  const { authorizationPolicies } = snapshot.policies;
  if (authorizationPolicies.length === 0) return [];
  const selecting = new Map<AuthorizationPolicy, Selected>();
  for (const proxy of proxies) {
    const found = effectiveOf(snapshot, proxy);
    const all = [...found.allow, ...found.deny, ...found.audit, ...found.custom];
    if (all.length === 0) continue;
    const inbound = proxy.role === 'gateway' ? [] : inboundPorts(snapshot, proxy);
    const callable = proxy.role === 'gateway' ? gatewayPorts(snapshot, proxy).length > 0 : inbound.length > 0;
    const blind = blindPorts(proxy, inbound);
    for (const policy of all) {
      let known = selecting.get(policy);
      if (known === undefined) selecting.set(policy, (known = { on: [], blind: [], count: 0 }));
      known.on.push(found);
      known.blind.push(...blind);
      if (callable) known.count += 1;
    }
  }
  return authorizationPolicies.map((policy) => {
    const custom = policy.spec.action === 'CUSTOM';
    if (custom && isDryRun(policy))
      return statusOf(policy, 0, [{ kind: 'unattached', message: 'nobody is asked in a dry run of CUSTOM' }]);
    const { on, blind, count } = selecting.get(policy) ?? { on: [], blind: [], count: 0 };
    const notes: StatusNote[] = [];
    if (on.length === 0 && proxies.length > 0) notes.push(unselected(policy));
    if (on.length > 0 && count === 0)
      notes.push({ kind: 'unattached', message: 'no proxy that it selects takes calls' });
    notes.push(...(custom ? unaskable(snapshot, policy, on) : neverHolding(policy)));
    // Of a provider that cannot be asked more is not to be said.
    const isAsked = !custom || notes.length === 0;
    if (isAsked && !isDryRun(policy)) notes.push(...connectionRuleNotes(policy, blind));
    return statusOf(policy, count, notes);
  });
}

function effectiveOf(snapshot: MeshSnapshot, proxy: MeshProxy): EffectiveAuthorization {
  const { namespace, labels } = proxy;
  return authorizationFor(snapshot, { namespace, labels, gateways: apiGatewayOf(proxy) });
}

/** Why nobody can be asked: for all its workloads, or for one that has policies of other providers too. */
function unaskable(
  snapshot: MeshSnapshot,
  { spec }: AuthorizationPolicy,
  on: readonly EffectiveAuthorization[],
): StatusNote[] {
  const own = authorizationProvider(snapshot, spec.provider?.name ?? '');
  const all = [
    own,
    ...on.map(({ custom }) =>
      customProvider(
        snapshot,
        custom.filter((one) => !isDryRun(one)),
      ),
    ),
  ];
  const fault = all.find((one) => typeof one === 'string');
  if (fault === undefined) return [];
  return [{ kind: 'warning', message: `what its rules are about is denied: ${fault}`, path: 'spec.provider.name' }];
}

function unselected({ spec }: AuthorizationPolicy): StatusNote {
  const [target] = targetRefsOf(spec);
  if (target === undefined) return { kind: 'unattached', message: 'no proxy is selected' };
  return {
    kind: 'unattached',
    message: `no proxy of the Gateway ${target.name} is connected`,
    path: spec.targetRef === undefined ? 'spec.targetRefs' : 'spec.targetRef',
  };
}

/** Rules that ask for what nobody verifies yet: they allow nothing. */
function neverHolding({ ref, spec }: AuthorizationPolicy): StatusNote[] {
  const action = spec.action === 'DENY' || spec.action === 'AUDIT' ? spec.action : 'ALLOW';
  return (spec.rules ?? []).flatMap((rule, i): StatusNote[] => {
    const policy = rulePolicy(rule, { kind: 'http', action, ports: () => [], namespace: ref.namespace });
    if (policy !== undefined) return [];
    return [
      {
        kind: 'warning',
        message: 'the rule asks for claims of a JWT, which nobody verifies yet: it never holds',
        path: `spec.rules[${i}]`,
      },
    ];
  });
}
