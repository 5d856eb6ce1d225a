import { authorizationFor, mtlsMode, targetRefsOf, type AuthorizationPolicy, type MeshProxy } from '@weft/control-mesh';
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
  return snapshot.policies.authorizationPolicies.map((policy) => {
    const effectiveOn = countProxies(world, ({ role, namespace, name, labels }) => {
      const gateways = role === 'gateway' ? [`${namespace}/${name}`] : [];
      const { allow, deny, audit, custom } = authorizationFor(snapshot, { namespace, labels, gateways });
      return [...allow, ...deny, ...audit, ...custom].includes(policy);
    });
    const notes: StatusNote[] = [];
    if (policy.spec.action === 'CUSTOM')
      notes.push({ kind: 'unattached', message: 'CUSTOM comes with a later version of Weft', path: 'spec.action' });
    else if (effectiveOn === 0 && world.proxies.length > 0) notes.push(unselected(policy));
    notes.push(...neverHolding(policy));
    return statusOf(policy, policy.spec.action === 'CUSTOM' ? 0 : effectiveOn, notes);
  });
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
