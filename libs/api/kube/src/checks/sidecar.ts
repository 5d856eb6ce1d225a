import type { Report } from '../report.ts';
import type { SidecarSpec } from '../types/index.ts';
import { checkHost } from './words.ts';

const ENDPOINT = /^(127\.0\.0\.1:\d+|\[::1\]:\d+|0\.0\.0\.0:\d+|\[::\]:\d+|unix:\/\/\/.+)$/;

export function checkSidecar({ egress = [], ingress = [] }: SidecarSpec, report: Report): void {
  for (const [i, { hosts }] of egress.entries()) {
    for (const [j, host] of hosts.entries()) {
      const path = `spec.egress[${i}].hosts[${j}]`;
      const slash = host.indexOf('/');
      if (slash < 0) report(path, `"${host}" names no namespace`, { suggestion: `*/${host}` });
      else checkHost(host.slice(slash + 1), path, report);
    }
  }
  const ports = new Map<number, number>();
  for (const [i, { port, defaultEndpoint }] of ingress.entries()) {
    const path = `spec.ingress[${i}]`;
    if (defaultEndpoint !== undefined && defaultEndpoint !== '' && !ENDPOINT.test(defaultEndpoint))
      report(`${path}.defaultEndpoint`, `"${defaultEndpoint}" is no endpoint of this machine`, {
        expected: '127.0.0.1:PORT, 0.0.0.0:PORT or unix:///PATH',
      });
    const number = port.number ?? 0;
    const first = ports.get(number);
    if (first !== undefined) report(`${path}.port.number`, `${number} is the port of spec.ingress[${first}] too`);
    else ports.set(number, i);
  }
}
