import type { GatewayServer, GatewaySpec } from '@weft/api-kube';
import {
  gatewaySecrets,
  hostsOverlap,
  istioPorts,
  readSecretName,
  refText,
  secretFault,
  type GatewaySecret,
} from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis, type Spot } from '../analysis.ts';

interface Served {
  readonly object: ConfigObject<GatewaySpec>;
  readonly server: GatewayServer;
}

/** Gateways that stand in each other's way, or lack their certificate. */
export function checkGateways(analysis: Analysis): void {
  const servers: Served[] = [];
  for (const object of analysis.of('networking.istio.io/Gateway')) {
    for (const [i, server] of (object.spec.servers ?? []).entries()) {
      const path = `spec.servers[${i}]`;
      const other = servers.find((earlier) => earlier.object !== object && conflict(earlier, { object, server }));
      if (other !== undefined)
        analysis.report(
          'IST0145',
          { object, path: `${path}.hosts` },
          `${refText(other.object.ref)} (${other.object.place.file}:${other.object.place.line}) has the same selector, port ${server.port.number} and hosts: which of the two a request meets is not decided.`,
          'give one of them other hosts or another port, or make them one',
        );
      servers.push({ object, server });
    }
    for (const [i, port] of istioPorts(object).entries())
      for (const secret of gatewaySecrets(port))
        checkSecret(analysis, { object, path: `spec.servers[${i}].tls` }, secret);
  }
}

/** The proxy that serves a Gateway may be in another namespace, and its Secrets are there: any namespace will do here. */
function checkSecret(analysis: Analysis, { object, path }: Spot, { name: text, field }: GatewaySecret): void {
  const secrets = analysis.of('Secret');
  const namespaces = new Set([object.ref.namespace, ...secrets.map(({ ref }) => ref.namespace)]);
  const faults = [...namespaces].map((namespace) => secretFault(secrets, text, namespace));
  if (faults.includes(undefined)) return;
  const { name = text, part = 'certificate' } = readSecretName(text, object.ref.namespace) ?? {};
  const { tls } = (object.spec as GatewaySpec).servers?.[Number(/\d+/.exec(path)?.[0])] ?? {};
  const named = field === 'credentialName' && tls?.credentialName === undefined ? 'credentialNames' : field;
  const known = secrets.some(({ ref }) => ref.name === name || ref.name === `${name}-cacert`);
  const lacks = part === 'certificate' ? 'tls.crt and tls.key' : 'ca.crt';
  analysis.report(
    'IST0101',
    { object, path: `${path}.${named}` },
    known
      ? `Referenced ${named} has no ${lacks}: "${name}". The server takes no connections.`
      : `Referenced ${named} not found: "${name}". The server has no ${part === 'certificate' ? 'certificate' : 'authorities to check clients by'} and takes no connections.`,
    known
      ? part === 'authorities'
        ? `add ca.crt to the Secret ${name}, or a Secret ${name}-cacert with it`
        : `add ${lacks} to the Secret ${name}`
      : meant(nearest(name, analysis.names('Secret')), `add a Secret ${name} with ${lacks}`),
  );
}

function conflict(a: Served, b: Served): boolean {
  const selector = ({ object }: Served): string => JSON.stringify(Object.entries(object.spec.selector ?? {}).sort());
  if (a.server.port.number !== b.server.port.number || selector(a) !== selector(b)) return false;
  if ((a.server.bind ?? '') !== (b.server.bind ?? '')) return false;
  return a.server.hosts.some((host) => b.server.hosts.some((other) => sameHost(host, other)));
}

/** `*` beside a name is the ordinary way to have a default; the same host twice is not. */
function sameHost(a: string, b: string): boolean {
  const bare = (host: string): string => host.slice(host.indexOf('/') + 1);
  return hostsOverlap(bare(a), bare(b)) && bare(a) === bare(b);
}
