import type { DestinationRuleSpec } from '@weft/api-kube';
import {
  apiPorts,
  findSecret,
  gatewayPorts,
  gatewaySecrets,
  readSecretName,
  refText,
  servesGateway,
  type MeshObject,
  type SecretName,
} from '@weft/control-mesh';
import { credentialSecret } from './names.ts';
import { statusOf, usage, type ObjectStatus, type StatusNote, type StatusWorld } from './object-status.ts';

/** Something that names a Secret, and for how many proxies. */
interface Asked {
  readonly name: string;
  /** Whose proxies ask. */
  readonly namespace: string;
  readonly by: MeshObject;
  readonly proxies: number;
}

interface Uses {
  readonly names: Set<string>;
  readonly faults: Set<string>;
  proxies: number;
}

/** Which Gateways and DestinationRules each Secret answers to; one that lacks what they ask for says so. */
export function secretStatus(world: StatusWorld): ObjectStatus[] {
  const secrets = world.secrets ?? [];
  const byName = new Map(secrets.map((secret) => [`${secret.ref.namespace}/${secret.ref.name}`, secret]));
  const uses = new Map(
    secrets.map((one): [MeshObject, Uses] => [one, { names: new Set(), faults: new Set(), proxies: 0 }]),
  );
  for (const group of [...atProxies(world), waiting(world)]) {
    const counted = new Set<Uses>();
    for (const asked of group) {
      const wanted = readSecretName(asked.name, asked.namespace);
      if (wanted === undefined) continue;
      const candidates = candidatesOf(wanted).flatMap((name) => byName.get(`${wanted.namespace}/${name}`) ?? []);
      const answer = candidates.find((one) => findSecret([one], wanted) !== undefined);
      const own = uses.get(answer ?? (candidates[0] as MeshObject));
      if (own === undefined) continue;
      if (answer === undefined) own.faults.add(waitsText(world, asked));
      else own.names.add(refText(asked.by.ref));
      if (answer !== undefined && !counted.has(own)) own.proxies += asked.proxies;
      counted.add(own);
    }
  }
  return secrets.map((secret) => {
    const { names, faults, proxies } = uses.get(secret) as Uses;
    const notes = [...faults].map((message): StatusNote => ({ kind: 'warning', message }));
    if (names.size === 0 && notes.length > 0) return statusOf(secret, 0, notes);
    const otherwise = 'no Gateway and no DestinationRule that a proxy has names it';
    return statusOf(secret, proxies, [...usage(names, otherwise), ...notes]);
  });
}

function waitsText({ secretFault }: StatusWorld, { by, name, namespace }: Asked): string {
  return `${refText(by.ref)} waits for it: ${secretFault(name, namespace) ?? ''}`;
}

/** Authorities may be in a Secret of their own. */
function candidatesOf({ name, part }: SecretName): string[] {
  return part === 'authorities' ? [`${name}-cacert`, name] : [name];
}

function atProxies({ snapshot, groups }: StatusWorld): Asked[][] {
  return groups.map(({ view, rules, proxies: { length: proxies } }) => {
    const { namespace } = view;
    const served = view.role === 'gateway' ? gatewayPorts(snapshot, view) : [];
    return [
      ...served.flatMap((port) =>
        gatewaySecrets(port).map(({ name }): Asked => ({ name, namespace, by: port.source.object, proxies })),
      ),
      ...[...rules.keys()].flatMap((by) => ruleSecrets(by).map((name): Asked => ({ name, namespace, by, proxies }))),
    ];
  });
}

/** What Gateways of the Gateway API name while no proxy serves them. */
function waiting({ snapshot, proxies }: StatusWorld): Asked[] {
  const idle = snapshot.policies.k8sGateways.filter((by) => !proxies.some((proxy) => servesGateway(proxy, by)));
  return idle.flatMap((by) =>
    apiPorts(snapshot, by)
      .flatMap(gatewaySecrets)
      .map(({ name }): Asked => ({ name, namespace: by.ref.namespace, by, proxies: 0 })),
  );
}

/** The certificate, where the client shows one, and whom it trusts. */
function ruleSecrets({ spec: { trafficPolicy, subsets = [] } }: MeshObject<DestinationRuleSpec>): string[] {
  const policies = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)];
  return policies.flatMap((policy) =>
    [policy?.tls, ...(policy?.portLevelSettings ?? []).map(({ tls }) => tls)].flatMap((tls) => {
      if (tls?.credentialName === undefined) return [];
      const secret = credentialSecret(tls.credentialName);
      return [...(tls.mode === 'MUTUAL' ? [secret] : []), `${secret}-cacert`];
    }),
  );
}
