import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** `host:port` with the host's address, since a statsd sink takes no names. Rejects with the resolver's error. Source: Istio's agent, which does the same at its start. */
export async function statsdAddress(text: string): Promise<string> {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[|\]$/g, '');
  if (text === '' || isIP(host) !== 0) return text;
  const { address, family } = await lookup(host);
  return `${family === 6 ? `[${address}]` : address}${text.slice(colon)}`;
}
