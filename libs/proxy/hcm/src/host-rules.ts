import type { RequestHeaderMap } from '@weft/core-http';
import type { HcmConfig } from './config.ts';

/** Makes the host of a request what routes are compared with: without its last dot, without its port, as configured. */
export function applyHostRules(headers: RequestHeaderMap, config: HcmConfig, localPort: number): void {
  if (config.stripTrailingHostDot) stripTrailingDot(headers);
  if (config.stripPort !== 'none') stripPort(headers, config.stripPort, localPort);
}

function stripTrailingDot(headers: RequestHeaderMap): void {
  const { authority } = headers;
  const colon = portColon(authority);
  const end = colon < 0 ? authority.length : colon;
  if (authority.charCodeAt(end - 1) === 46) headers.authority = authority.slice(0, end - 1) + authority.slice(end);
}

function stripPort(headers: RequestHeaderMap, mode: 'any' | 'matching', localPort: number): void {
  const { authority } = headers;
  const colon = portColon(authority);
  if (colon < 0) return;
  if (mode === 'any' || Number(authority.slice(colon + 1)) === localPort) headers.authority = authority.slice(0, colon);
}

/** Where the port begins; -1 without one. The colons of an IPv6 address stand in brackets. */
function portColon(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.endsWith(']') || (authority.startsWith('[') && !authority.includes(']:'))) return -1;
  return colon;
}
