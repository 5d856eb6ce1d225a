import { misnamed, portProtocol, refText, servicesNamed } from '@weft/control-mesh';
import type { ServiceSpec } from '@weft/api-kube';
import type { ConfigObject } from '@weft/control-sources';
import { nameOf, type Analysis } from '../analysis.ts';

const PREFIXES = ['http', 'http2', 'https', 'grpc', 'grpc-web', 'tcp', 'tls', 'mongo', 'mysql', 'redis', 'udp'];

/** Ports that are taken for something else than they are. */
export function checkServices(analysis: Analysis): void {
  const targets = new Map<string, { readonly object: ConfigObject<ServiceSpec>; readonly protocol: string }>();
  for (const object of analysis.of('Service')) {
    const known =
      servicesNamed(analysis.snapshot, analysis.host(object.ref.name, object.ref.namespace))[0]?.ports ?? [];
    for (const [i, { name = '', port, targetPort, appProtocol, protocol }] of (object.spec.ports ?? []).entries()) {
      const spot = { object, path: `spec.ports[${i}].${name === '' ? 'port' : 'name'}` };
      const model = known.find(({ number }) => number === port);
      if (model !== undefined && misnamed(model)) {
        const right = portProtocol({ number: port });
        analysis.report(
          'WFT0103',
          spot,
          `Port ${port} is named "${name}", so its bytes are read as HTTP, and port ${port} speaks ${right}: every connection fails.`,
          right === 'tcp'
            ? 'name it "tcp", or take the name away'
            : `name it "${right}" or "tcp", or take the name away`,
        );
      } else if (
        appProtocol === undefined &&
        protocol !== 'UDP' &&
        !PREFIXES.some((prefix) => name === prefix || name.startsWith(`${prefix}-`))
      )
        analysis.report(
          'IST0118',
          spot,
          `Port name "${name}" (port: ${port}, targetPort: ${targetPort ?? port}) doesn't tell a protocol: it is ${told(port)}.`,
          'begin the name with the protocol, as in "http-web" or "tcp-db", or set appProtocol',
        );
      const selector = JSON.stringify(Object.entries(object.spec.selector ?? {}).sort());
      if (selector === '[]' || model === undefined) continue;
      const key = `${object.ref.namespace} ${selector} ${targetPort ?? port}`;
      const other = targets.get(key);
      if (other === undefined) targets.set(key, { object, protocol: model.protocol });
      else if (other.protocol !== model.protocol)
        analysis.report(
          'IST0116',
          spot,
          `${refText(other.object.ref)} says ${other.protocol} of port ${targetPort ?? port} of the same workloads, and ${nameOf(object)} says ${model.protocol}: only one of them can be right.`,
          'give the port one protocol in both',
        );
    }
  }
  checkEntries(analysis);
}

function told(port: number): string {
  const protocol = portProtocol({ number: port });
  return protocol === 'auto' ? 'told by the first bytes of each connection' : `taken for ${protocol} by its number`;
}

function checkEntries(analysis: Analysis): void {
  for (const object of analysis.of('networking.istio.io/ServiceEntry')) {
    const { ports = [], addresses = [], resolution = 'NONE' } = object.spec;
    for (const [i, { name, number, protocol }] of ports.entries()) {
      const declared = protocol ?? '';
      const misread = misnamed({
        name,
        number,
        protocol: portProtocol({ name: declared === '' ? name : declared.toLowerCase(), number }),
        targetPort: undefined,
        targetPortName: undefined,
      });
      if (misread)
        analysis.report(
          'WFT0103',
          { object, path: `spec.ports[${i}].${declared === '' ? 'name' : 'protocol'}` },
          `Port ${number} is said to speak ${declared === '' ? name : declared}, and port ${number} speaks ${portProtocol({ number })}: every connection fails.`,
          'use protocol TCP',
        );
      const tcp = declared === '' || ['TCP', 'MONGO', 'MYSQL', 'REDIS'].includes(declared.toUpperCase());
      if (
        tcp &&
        addresses.length === 0 &&
        resolution !== 'NONE' &&
        object.spec.location !== 'MESH_INTERNAL' &&
        portProtocol({ name, number, protocol: declared }) !== 'http'
      )
        analysis.report(
          'IST0134',
          { object, path: `spec.ports[${i}]` },
          `Port ${number} is plain TCP, which names no host: without addresses, connections to ${object.spec.hosts.join(', ')} cannot be told from others on that port.`,
          'set addresses, or a protocol that names hosts (HTTP, TLS)',
        );
    }
  }
}
