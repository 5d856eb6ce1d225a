import { nearest } from '@weft/core-config-text';
import { isIP } from 'node:net';
import type { Report } from '../report.ts';
import type { ServiceEntrySpec, WorkloadEntrySpec } from '../types/index.ts';
import { checkHost, isAddressRange } from './words.ts';

const PROTOCOLS = ['HTTP', 'HTTPS', 'GRPC', 'GRPC-WEB', 'HTTP2', 'MONGO', 'TCP', 'TLS', 'UDP', 'MYSQL', 'REDIS'];

/** What sockets of Unix have room for. */
const MAX_SOCKET_OCTETS = 107;

export function checkServiceEntry(spec: ServiceEntrySpec, report: Report): void {
  const { hosts, addresses = [], endpoints = [], resolution = 'NONE' } = spec;
  for (const [i, host] of hosts.entries()) {
    checkHost(host, `spec.hosts[${i}]`, report);
    const wild = host.startsWith('*');
    if (wild && resolution.startsWith('DNS') && endpoints.length === 0)
      report(`spec.hosts[${i}]`, `"${host}" cannot be looked up in DNS`, {
        expected: 'a full name, endpoints, or resolution NONE',
      });
  }
  for (const [i, address] of addresses.entries())
    if (!isAddressRange(address))
      report(`spec.addresses[${i}]`, `"${address}" is no address`, {
        expected: 'an IP address or a range such as 10.0.0.0/8',
      });
  if (endpoints.length > 0 && resolution === 'STATIC')
    for (const [i, { address = '', network = '' }] of endpoints.entries())
      if (address === '' && network === '')
        report(`spec.endpoints[${i}]`, 'has no address', { expected: 'an IP address, since resolution is STATIC' });
      else if (isIP(address) === 0 && !address.startsWith('unix://') && address !== '')
        report(`spec.endpoints[${i}].address`, `"${address}" is no IP address`, {
          expected: 'an IP address, since resolution is STATIC; DNS looks names up',
        });
  checkPorts(spec, report);
  const names = (spec.ports ?? []).map(({ name }) => name);
  for (const [i, endpoint] of endpoints.entries()) {
    checkWorkloadEntry(endpoint, `spec.endpoints[${i}]`, report);
    for (const name of Object.keys(endpoint.ports ?? {})) {
      if (names.includes(name)) continue;
      const suggestion = nearest(name, names);
      const place = /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
      report(
        `spec.endpoints[${i}].ports${place}`,
        `no port is named "${name}"`,
        suggestion === undefined ? { expected: `one of ${names.join(', ')}` } : { suggestion },
      );
    }
  }
}

function checkPorts({ ports = [] }: ServiceEntrySpec, report: Report): void {
  const numbers = new Map<number, number>();
  const names = new Map<string, number>();
  for (const [i, { name, number, protocol }] of ports.entries()) {
    const sameNumber = numbers.get(number);
    const sameName = names.get(name);
    if (sameNumber !== undefined)
      report(`spec.ports[${i}].number`, `${number} is the number of spec.ports[${sameNumber}] too`);
    else numbers.set(number, i);
    if (sameName !== undefined) report(`spec.ports[${i}].name`, `"${name}" is the name of spec.ports[${sameName}] too`);
    else names.set(name, i);
    if (protocol === undefined || protocol === '' || PROTOCOLS.includes(protocol.toUpperCase())) continue;
    const suggestion = nearest(protocol, PROTOCOLS);
    report(
      `spec.ports[${i}].protocol`,
      `unknown protocol "${protocol}"`,
      suggestion === undefined ? { expected: `one of ${PROTOCOLS.join(', ')}` } : { suggestion },
    );
  }
}

export function checkWorkloadEntry({ address }: WorkloadEntrySpec, path: string, report: Report): void {
  if (address === undefined || address === '') return;
  if (address.startsWith('unix://')) {
    const octets = Buffer.byteLength(address.slice('unix://'.length));
    if (octets > MAX_SOCKET_OCTETS)
      report(`${path}.address`, `is a path of ${octets} octets`, { expected: `at most ${MAX_SOCKET_OCTETS}` });
    return;
  }
  if (isIP(address) === 0) checkHost(address, `${path}.address`, report);
}
