import type { GatewayServer, GatewaySpec } from '@weft/api-kube';
import { hostsOverlap, refText } from '@weft/control-mesh';
import type { ConfigObject } from '@weft/control-sources';
import { nearest } from '@weft/core-config-text';
import { meant, type Analysis } from '../analysis.ts';

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
      const { credentialName, credentialNames = [] } = server.tls ?? {};
      const names = [...(credentialName === undefined ? [] : [credentialName]), ...credentialNames];
      for (const name of names.filter((one) => !one.includes('://')))
        checkSecret(analysis, object, {
          name,
          path: `${path}.tls.${credentialName === undefined ? 'credentialNames' : 'credentialName'}`,
        });
    }
  }
}

function checkSecret(
  analysis: Analysis,
  object: ConfigObject<GatewaySpec>,
  { name, path }: { readonly name: string; readonly path: string },
): void {
  if (analysis.names('Secret').includes(name)) return;
  analysis.report(
    'IST0101',
    { object, path },
    `Referenced credentialName not found: "${name}". The server has no certificate and takes no connections.`,
    meant(nearest(name, analysis.names('Secret')), `add a Secret ${name} with tls.crt and tls.key`),
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
