import {
  authorizationFor,
  authorizationProvider,
  customProvider,
  isDryRun,
  mtlsMode,
  targetRefsOf,
  type AuthorizationPolicy,
  type EffectiveAuthorization,
  type MeshProxy,
  type MeshSnapshot,
} from '@weft/control-mesh';
import { rulePolicy } from './authorization-rule.ts';
import { countProxies, statusOf, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

export function peerAuthenticationStatus(world: StatusWorld): ObjectStatus[] {
  const { snapshot } = world;
  return snapshot.policies.peerAuthentications.map((policy) => {
    const ports = [0, ...Object.keys(policy.spec.portLevelMtls ?? {}).map(Number)];
    const decides = ({ namespace, labels }: MeshProxy, port: number): boolean =>
      mtlsMode(snapshot, { namespace, labels, port }).source === policy;
    const effectiveOn = countProxies(world, (proxy) => ports.some((port) => decides(proxy, port)));
    if (effectiveOn > 0 || world.proxies.length === 0) return statusOf(policy, effectiveOn, []);
    return statusOf(policy, 0, [
      { kind: 'unattached', message: 'no proxy is selected, or a narrower or older one has them' },
    ]);
  });
}

export function authorizationStatus(world: StatusWorld): ObjectStatus[] {
  const { snapshot } = world;
  const found = world.proxies.map((proxy) => effectiveOf(snapshot, proxy));
  return snapshot.policies.authorizationPolicies.map((policy) => {
    const custom = policy.spec.action === 'CUSTOM';
    if (custom && isDryRun(policy))
      return statusOf(policy, 0, [{ kind: 'unattached', message: 'nobody is asked in a dry run of CUSTOM' }]);
    const on = found.filter(({ allow, deny, audit, custom: asked }) =>
      [...allow, ...deny, ...audit, ...asked].includes(policy),
    );
    const notes: StatusNote[] = [];
    if (on.length === 0 && world.proxies.length > 0) notes.push(unselected(policy));
    notes.push(...(custom ? unaskable(snapshot, policy, on) : neverHolding(policy)));
    return statusOf(policy, on.length, notes);
  });
}

function effectiveOf(snapshot: MeshSnapshot, { role, namespace, name, labels }: MeshProxy): EffectiveAuthorization {
  const gateways = role === 'gateway' ? [`${namespace}/${name}`] : [];
  return authorizationFor(snapshot, { namespace, labels, gateways });
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
  const other = targetRefsOf(spec).find(({ kind }) => kind !== 'Gateway');
  return other === undefined
    ? { kind: 'unattached', message: 'no proxy is selected' }
    : {
        kind: 'unattached',
        message: `${other.kind} as a target comes with a later version of Weft`,
        path: 'spec.targetRefs',
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
