import { isHttp, type AuthorizationPolicy, type InboundPort, type MeshProxy } from '@weft/control-mesh';
import type { AuthorizationPolicyRule, AuthorizationPolicyRuleToOperation } from '@weft/api-kube';
import type { StatusNote } from './object-status.ts';

/** A port of a sidecar whose requests nobody looks into: what arrives is judged by the connection. */
export interface BlindPort {
  readonly proxy: Pick<MeshProxy, 'namespace' | 'name'>;
  readonly port: Pick<InboundPort, 'servicePort' | 'appPort' | 'protocol'>;
}

export function blindPorts(proxy: MeshProxy, ports: readonly InboundPort[]): readonly BlindPort[] {
  return ports.filter(({ protocol }) => !isHttp(protocol)).map((port) => ({ proxy, port }));
}

const SHOWN = 3;

/** What comes of a rule that asks for what a connection has not. */
const OUTCOME: Readonly<Record<string, string>> = {
  DENY: 'the rule denies every connection that the rest of it is about',
  CUSTOM: 'the provider is asked of every connection that the rest of the rule is about',
  AUDIT: 'the rule audits nothing there',
  ALLOW: 'the rule allows nothing there',
};

/** For each rule that asks for methods, paths, hosts or headers where there are none: at which ports, and what comes of it. */
export function connectionRuleNotes({ spec }: AuthorizationPolicy, blind: readonly BlindPort[]): StatusNote[] {
  if (blind.length === 0) return [];
  return (spec.rules ?? []).flatMap((rule, i): StatusNote[] => {
    const at = blind.map(({ port }) => unseenAt(rule, port.appPort));
    const unseen = [...new Set(at.flat())];
    if (unseen.length === 0) return [];
    const texts = blind.flatMap((one, b) => (at[b]?.length === 0 ? [] : [portText(one)]));
    const ports = [...new Set(texts)];
    const more = ports.length > SHOWN ? ` and ${ports.length - SHOWN} more` : '';
    const message =
      `nobody sees ${unseen.join(' and ')} at ${ports.slice(0, SHOWN).join(', ')}${more}: ` +
      `${OUTCOME[spec.action ?? 'ALLOW'] ?? ''}`;
    return [{ kind: 'warning', message, path: `spec.rules[${i}]` }];
  });
}

function portText({ proxy, port: { servicePort, protocol } }: BlindPort): string {
  const what = protocol === 'auto' ? 'not said to be HTTP' : protocol.toUpperCase();
  return `port ${servicePort} of ${proxy.name}.${proxy.namespace} (${what})`;
}

/** What of a rule is not seen at a port that is no HTTP; nothing: all of it is, or the rule is not about that port. */
function unseenAt({ to = [], when = [] }: AuthorizationPolicyRule, appPort: number): readonly string[] {
  const about = to.map(({ operation = {} }) => operation).filter((operation) => isAbout(operation, appPort));
  if (to.length > 0 && about.length === 0) return [];
  const headers = when.some(({ key }) => key.startsWith('request.headers[')) ? ['headers'] : [];
  return [...about.flatMap(requestFields), ...headers];
}

function isAbout({ ports = [], notPorts = [] }: AuthorizationPolicyRuleToOperation, appPort: number): boolean {
  const has = (list: readonly string[]): boolean => list.some((port) => Number(port) === appPort);
  return (ports.length === 0 || has(ports)) && !has(notPorts);
}

function requestFields(operation: AuthorizationPolicyRuleToOperation): readonly string[] {
  const { hosts, notHosts, methods, notMethods, paths, notPaths } = operation;
  const lists = { methods: [methods, notMethods], paths: [paths, notPaths], hosts: [hosts, notHosts] };
  return Object.entries(lists).flatMap(([name, of]) => (of.some((list) => (list?.length ?? 0) > 0) ? [name] : []));
}
