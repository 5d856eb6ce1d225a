import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

export interface HostRule {
  /** Names of ours beside `localhost`. */
  readonly names: readonly string[];
  /**
   * Paths that proxies ask for: they send the name of their cluster as Host. Names without a dot are answered there as well; no
   * name server of the world gives those away. Default: none.
   */
  asksByCluster?(path: string): boolean;
}

/**
 * Why a request may not be answered, by its Host; undefined where it may. A page in a browser that makes its own name resolve to
 * this server's address (DNS rebinding) sends that name, so only names that are ours are answered: IP addresses, which no name
 * server can give away, `localhost`, and `names`.
 */
export function hostFault(
  { headers: { host = '' }, url = '/' }: IncomingMessage,
  { names, asksByCluster = () => false }: HostRule,
): string | undefined {
  const name = nameOf(host);
  if (asksByCluster(url) && /^[\w-]+$/.test(name)) return undefined;
  if (isIP(name) !== 0 || name === 'localhost' || names.some((one) => nameOf(one) === name)) return undefined;
  return `the host "${host}" is none of this control plane: ask by IP address or localhost, or start it with --dns-names ${name === '' ? 'NAME' : name}`;
}

/** `[::1]:8080` and `Host.:8080` without port, brackets, case and last dot. */
function nameOf(host: string): string {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  return bracketed ?? plain.toLowerCase().replace(/\.$/, '');
}
