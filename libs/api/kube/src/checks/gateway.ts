import { nearest } from '@weft/core-config-text';
import type { Report } from '../report.ts';
import type { GatewayServer, GatewaySpec } from '../types/index.ts';
import { checkHost } from './words.ts';

const PROTOCOLS = ['HTTP', 'HTTPS', 'GRPC', 'GRPC-WEB', 'HTTP2', 'MONGO', 'TCP', 'TLS'];

export function checkGateway({ servers = [] }: GatewaySpec, report: Report): void {
  if (servers.length === 0) report('spec', 'has no servers', { expected: 'at least one server' });
  const names = new Map<string, number>();
  for (const [i, server] of servers.entries()) {
    const path = `spec.servers[${i}]`;
    checkServer(server, path, report);
    for (const [j, host] of server.hosts.entries())
      checkHost(host.slice(host.indexOf('/') + 1), `${path}.hosts[${j}]`, report);
    const { name } = server.port;
    const first = names.get(name);
    if (first !== undefined && name !== '')
      report(`${path}.port.name`, `"${name}" is the port of spec.servers[${first}] too`, {
        expected: 'a name of its own',
      });
    else names.set(name, i);
  }
}

function checkServer({ port, tls, hosts }: GatewayServer, path: string, report: Report): void {
  const protocol = port.protocol.toUpperCase();
  if (!PROTOCOLS.includes(protocol)) {
    const suggestion = nearest(port.protocol, PROTOCOLS);
    report(
      `${path}.port.protocol`,
      `unknown protocol "${port.protocol}"`,
      suggestion === undefined ? { expected: `one of ${PROTOCOLS.join(', ')}` } : { suggestion },
    );
    return;
  }
  if (hosts.length === 0) report(`${path}.hosts`, 'is empty', { expected: 'at least one host, or "*"' });
  const needsTls = protocol === 'HTTPS' || protocol === 'TLS';
  if (needsTls && tls === undefined) report(path, `speaks ${protocol} and has no tls`, { expected: 'tls with a mode' });
  if (!needsTls && tls?.mode !== undefined)
    report(`${path}.tls.mode`, `is set on a port that speaks ${protocol}`, { expected: 'protocol HTTPS or TLS' });
  if (tls === undefined || !needsTls) return;
  const {
    mode = 'SIMPLE',
    credentialName,
    credentialNames = [],
    serverCertificate,
    privateKey,
    tlsCertificates = [],
  } = tls;
  const hasNames = credentialName !== undefined || credentialNames.length > 0;
  const hasFiles = (serverCertificate !== undefined && privateKey !== undefined) || tlsCertificates.length > 0;
  if (['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(mode) && !hasNames && !hasFiles && tls.httpsRedirect !== true)
    report(`${path}.tls`, `is ${mode} without a certificate`, {
      expected: 'credentialName, or serverCertificate and privateKey',
    });
}
