import { nearest } from '@weft/core-config-text';
import { isIP } from 'node:net';
import type { Report } from '../report.ts';
import type { GatewayServer, GatewaySpec } from '../types/index.ts';
import { checkHost } from './words.ts';

const PROTOCOLS = ['HTTP', 'HTTPS', 'GRPC', 'GRPC-WEB', 'HTTP2', 'MONGO', 'TCP', 'TLS'];

/** From the oldest; the first leaves it to the proxy. */
const VERSIONS = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'];
/** Of TLS 1.2 and below, by the names that proxies have for them. */
const CIPHER_SUITES = [
  ...['GCM-SHA256', 'SHA'].flatMap((tail) => keyed(`AES128-${tail}`)),
  ...['GCM-SHA384', 'SHA'].flatMap((tail) => keyed(`AES256-${tail}`)),
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305', 'ECDHE-RSA-AES128-SHA256'],
];

function keyed(cipher: string): string[] {
  return [`ECDHE-ECDSA-${cipher}`, `ECDHE-RSA-${cipher}`, cipher];
}

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

function checkServer({ port, tls, hosts, bind }: GatewayServer, path: string, report: Report): void {
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
  if (port.number < 1 || port.number > 65_535)
    report(`${path}.port.number`, `${port.number} is no port`, { expected: '1 to 65535' });
  if (bind !== undefined && bind !== '' && isIP(bind) === 0)
    report(`${path}.bind`, `"${bind}" is no IP address`, { expected: 'an address of the gateway, or none for all' });
  if (hosts.length === 0) report(`${path}.hosts`, 'is empty', { expected: 'at least one host, or "*"' });
  const needsTls = protocol === 'HTTPS' || protocol === 'TLS';
  if (needsTls && tls === undefined) report(path, `speaks ${protocol} and has no tls`, { expected: 'tls with a mode' });
  if (!needsTls && tls?.mode !== undefined)
    report(`${path}.tls.mode`, `is set on a port that speaks ${protocol}`, { expected: 'protocol HTTPS or TLS' });
  if (tls !== undefined && needsTls) checkTls(tls, path, report);
}

function checkTls(tls: NonNullable<GatewayServer['tls']>, path: string, report: Report): void {
  const {
    mode = 'SIMPLE',
    credentialName,
    credentialNames = [],
    serverCertificate,
    privateKey,
    tlsCertificates = [],
    caCertificates,
    caCertCredentialName,
    cipherSuites = [],
    minProtocolVersion = 'TLS_AUTO',
    maxProtocolVersion = 'TLS_AUTO',
  } = tls;
  for (const [i, suite] of cipherSuites.entries())
    if (!CIPHER_SUITES.includes(suite)) {
      const suggestion = nearest(suite, CIPHER_SUITES);
      report(
        `${path}.tls.cipherSuites[${i}]`,
        `unknown cipher suite "${suite}"`,
        suggestion === undefined ? { expected: `one of ${CIPHER_SUITES.join(', ')}` } : { suggestion },
      );
    }
  const [least, most] = [VERSIONS.indexOf(minProtocolVersion), VERSIONS.indexOf(maxProtocolVersion)];
  if (least > most && most > 0)
    report(`${path}.tls.minProtocolVersion`, `${minProtocolVersion} is above ${maxProtocolVersion}`);
  const hasNames = isGiven(credentialName) || credentialNames.length > 0;
  const hasFiles = (isGiven(serverCertificate) && isGiven(privateKey)) || tlsCertificates.length > 0;
  if (
    /MUTUAL$/.test(mode) &&
    mode !== 'ISTIO_MUTUAL' &&
    !hasNames &&
    hasFiles &&
    ![caCertificates, caCertCredentialName].some(isGiven)
  )
    report(`${path}.tls`, `is ${mode} without the authorities of clients`, { expected: 'caCertificates' });
  if (['SIMPLE', 'MUTUAL', 'OPTIONAL_MUTUAL'].includes(mode) && !hasNames && !hasFiles && tls.httpsRedirect !== true)
    report(`${path}.tls`, `is ${mode} without a certificate`, {
      expected: 'credentialName, or serverCertificate and privateKey',
    });
}

/** An empty text says nothing, as in every field of Istio. */
function isGiven(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
