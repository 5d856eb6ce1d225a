import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from '@weft/core-http';
import type { HcmConfig } from './config.ts';
import type { DateHeader } from './date-header.ts';

/** Makes a response's head fit for the client. Source: Envoy's ConnectionManagerUtility::mutateResponseHeaders. */
export function prepareResponse(
  headers: ResponseHeaderMap,
  request: RequestHeaderMap,
  config: HcmConfig,
  date: DateHeader,
): void {
  if (hasHopByHop(headers)) removeHopByHop(headers);
  if (!headers.has('date')) headers.add('date', date.value);
  if (config.serverHeader === 'OVERWRITE') headers.set('server', config.serverName);
  else if (config.serverHeader === 'APPEND_IF_ABSENT' && !headers.has('server'))
    headers.add('server', config.serverName);
  // Only trusted clients still have the header that forces a trace; they are told by what to find it.
  if (config.alwaysSetRequestIdInResponse || request.has('x-envoy-force-trace'))
    headers.set('x-request-id', request.get('x-request-id') ?? '');
  if (config.via !== '') appendVia(headers, config.via);
}

/** Nearly no response has one: one pass for all of them stands before a pass for each. */
function hasHopByHop({ raw }: HeaderMap): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    switch (name.length) {
      case 7:
        if (name === 'upgrade') return true;
        break;
      case 10:
        if (name === 'connection' || name === 'keep-alive') return true;
        break;
      case 16:
        if (name === 'proxy-connection') return true;
        break;
      case 17:
        if (name === 'transfer-encoding') return true;
        break;
      default:
    }
  }
  return false;
}

function removeHopByHop(headers: ResponseHeaderMap): void {
  headers.remove('connection');
  headers.remove('keep-alive');
  headers.remove('proxy-connection');
  headers.remove('transfer-encoding');
  if (headers.status !== 101) headers.remove('upgrade');
}

/** Adds this proxy to the list of those that a message has passed (RFC 9110 section 7.6.3). */
export function appendVia(headers: HeaderMap, via: string): void {
  const before = headers.getJoined('via');
  headers.set('via', before === undefined ? via : `${before}, ${via}`);
}
