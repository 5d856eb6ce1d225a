import { isIP } from 'node:net';
import type { Report } from '../report.ts';
import type {
  SidecarEgress,
  SidecarEgressPort,
  SidecarIngress,
  SidecarIngressTls,
  SidecarSpec,
} from '../types/index.ts';
import { checkHost } from './words.ts';

const ENDPOINT = /^((127\.0\.0\.1|\[::1\]|0\.0\.0\.0|\[::\]|):\d+|unix:\/\/[/@].+)$/;
const UNIX = 'unix://';
/** Source: Istio's protocol names. */
const PROTOCOLS = ['HTTP', 'HTTP2', 'HTTP_PROXY', 'GRPC', 'GRPC-WEB', 'HTTPS', 'TLS', 'TCP', 'MONGO', 'REDIS', 'MYSQL'];

export function checkSidecar({ egress = [], ingress = [] }: SidecarSpec, report: Report): void {
  checkUnique(egress, 'egress', report);
  checkUnique(ingress, 'ingress', report);
  for (const [i, listener] of egress.entries()) checkEgress(listener, `spec.egress[${i}]`, report);
  for (const [i, { port }] of egress.slice(0, -1).entries())
    if (port === undefined)
      report(`spec.egress[${i}]`, 'has no port and is not the last', {
        expected: 'one listener for all other ports, as the last',
      });
  for (const [i, listener] of ingress.entries()) checkIngress(listener, `spec.ingress[${i}]`, report);
}

function checkEgress({ hosts, bind = '', captureMode, port }: SidecarEgress, path: string, report: Report): void {
  for (const [j, host] of hosts.entries()) {
    const slash = host.indexOf('/');
    if (slash < 0) report(`${path}.hosts[${j}]`, `"${host}" names no namespace`, { suggestion: `*/${host}` });
    else checkHost(host.slice(slash + 1), `${path}.hosts[${j}]`, report);
  }
  if (port !== undefined) checkPort(port, `${path}.port`, report);
  const isSocket = bind.startsWith(UNIX);
  if (bind !== '' && !isSocket) checkAddress(bind, `${path}.bind`, report);
  if (isSocket && (port?.number ?? 0) !== 0)
    report(`${path}.port.number`, 'is of no use for a Unix socket', {
      expected: 'port.number 0, or an IP address in bind',
    });
  if (port !== undefined && (port.number ?? 0) === 0 && !isSocket)
    report(`${path}.port.number`, 'is 0', { expected: 'a port, or unix:///PATH in bind' });
  if (isSocket && port === undefined)
    report(`${path}.bind`, 'is a Unix socket, and nothing says what is spoken there', {
      expected: 'port with number 0 and a protocol',
    });
  if (isSocket && captureMode === 'IPTABLES')
    report(`${path}.captureMode`, 'connections to a Unix socket cannot be redirected', { expected: 'DEFAULT, NONE' });
}

function checkIngress(listener: SidecarIngress, path: string, report: Report): void {
  const { port, bind = '', defaultEndpoint = '', tls } = listener;
  checkPort(port, `${path}.port`, report);
  if ((port.number ?? 0) === 0) report(`${path}.port.number`, 'is 0', { expected: 'a port' });
  if (bind !== '') checkAddress(bind, `${path}.bind`, report);
  if (defaultEndpoint !== '' && !ENDPOINT.test(defaultEndpoint))
    report(`${path}.defaultEndpoint`, `"${defaultEndpoint}" is no endpoint of this machine`, {
      expected: '127.0.0.1:PORT, 0.0.0.0:PORT or unix:///PATH',
    });
  if (tls !== undefined) checkTls(tls, port, { path: `${path}.tls`, report });
}

function checkTls(
  tls: SidecarIngressTls,
  { protocol = '' }: SidecarEgressPort,
  { path, report }: { readonly path: string; readonly report: Report },
): void {
  if (!['HTTPS', 'TLS'].includes(protocol.toUpperCase()))
    report(path, `is of no use at a port that speaks ${protocol}`, { expected: 'port.protocol HTTPS or TLS' });
  const mode = tls.mode ?? 'PASSTHROUGH';
  if (mode === 'ISTIO_MUTUAL' || mode === 'AUTO_PASSTHROUGH')
    report(`${path}.mode`, `${mode} cannot be had here`, { expected: 'SIMPLE, MUTUAL, OPTIONAL_MUTUAL' });
  for (const field of [
    'subjectAltNames',
    'httpsRedirect',
    'credentialName',
    'credentialNames',
    'tlsCertificates',
  ] as const)
    if (tls[field] !== undefined)
      report(`${path}.${field}`, 'cannot be had at a sidecar', { expected: 'serverCertificate and privateKey' });
  const certified = mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  if (certified && (tls.serverCertificate ?? '') === '')
    report(path, 'has no certificate', { expected: 'serverCertificate and privateKey' });
  if (certified && (tls.privateKey ?? '') === '')
    report(path, 'has no key', { expected: 'serverCertificate and privateKey' });
  if ((mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL') && (tls.caCertificates ?? '') === '')
    report(path, 'says nothing of whom clients are certified by', { expected: 'caCertificates' });
}

function checkPort({ protocol, targetPort }: SidecarEgressPort, path: string, report: Report): void {
  if (protocol !== undefined && protocol !== '' && !PROTOCOLS.includes(protocol.toUpperCase()))
    report(`${path}.protocol`, `"${protocol}" is no protocol`, { expected: PROTOCOLS.join(', ') });
  if ((targetPort ?? 0) !== 0) report(`${path}.targetPort`, 'has no effect in a Sidecar', { expected: 'number alone' });
}

function checkAddress(bind: string, path: string, report: Report): void {
  if (isIP(bind) === 0) report(path, `"${bind}" is no IP address`, { expected: 'an IP address' });
}

/** Two listeners cannot have one port, nor one socket. */
function checkUnique(
  listeners: readonly Pick<SidecarEgress, 'bind' | 'port'>[],
  list: 'egress' | 'ingress',
  report: Report,
): void {
  const seen = new Map<number | string, number>();
  for (const [i, { port, bind = '' }] of listeners.entries()) {
    if (port === undefined) continue;
    const number = port.number ?? 0;
    const key = number === 0 ? bind : number;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, i);
    else if (number === 0) report(`spec.${list}[${i}].bind`, `${bind} is the socket of spec.${list}[${first}] too`);
    else report(`spec.${list}[${i}].port.number`, `${number} is the port of spec.${list}[${first}] too`);
  }
}
