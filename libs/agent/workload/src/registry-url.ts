import { isIP } from 'node:net';

/**
 * Why a workload may not register there; undefined where it may. The token goes along with each registration: whoever reads it on
 * the way has the workload's identity, so plain HTTP stays on this machine. `insecure`: its user insists.
 */
export function registryFault(registry: string, insecure: boolean): string | undefined {
  const url = URL.canParse(registry) ? new URL(registry) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return `--registry ${registry}: expected http://HOST:PORT or https://HOST:PORT`;
  if (insecure || url.protocol === 'https:' || isLoopback(url.hostname)) return undefined;
  return (
    `--registry ${registry}: the workload's token would cross the network in the clear, and whoever reads it there has the ` +
    "workload's identity. Give an https:// address, or insist with --insecure-registry"
  );
}

/** A host of a URL: IPv6 in brackets. */
function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  if (isIP(name) === 4) return name.startsWith('127.');
  return name === '::1' || name === 'localhost';
}
