import { JOINED_REQUEST_HEADERS, JOINED_RESPONSE_HEADERS, ResponseHeaderMap, type HeaderMap } from '@weft/core-http';
import type { HeaderChange } from '@weft/proxy-ext-authz';
import { isValidChange } from './validate-outcome.ts';

/** The order in which Envoy goes through the changes of a message. */
const ORDER: Readonly<Record<'request' | 'response', readonly HeaderChange['action'][]>> = {
  request: ['OVERWRITE_IF_EXISTS_OR_ADD', 'APPEND_IF_EXISTS_OR_ADD', 'APPEND_IF_EXISTS'],
  response: ['APPEND_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS'],
};

/** Makes the changes that a service asks for: by what they do, then in their order. */
export function applyChanges(changes: readonly HeaderChange[], headers: HeaderMap, of: 'request' | 'response'): void {
  const joined = of === 'request' ? JOINED_REQUEST_HEADERS : JOINED_RESPONSE_HEADERS;
  for (const action of ORDER[of])
    for (const change of changes)
      if (change.action === action && fits(change, of)) applyChange(change, headers, joined);
}

const PSEUDO: ReadonlySet<string> = new Set([':path', ':method', ':authority', ':scheme', ':protocol']);

/** A request that cannot be is refused as a whole; of a response what cannot be is left out, where Envoy would split it. */
function fits(change: HeaderChange, of: 'request' | 'response'): boolean {
  if (change.name.startsWith(':')) return of === 'request' && PSEUDO.has(change.name);
  return of === 'request' || isValidChange(change);
}

function applyChange(change: HeaderChange, headers: HeaderMap, inline: ReadonlySet<string>): void {
  const { value, action } = change;
  const name = change.name.toLowerCase();
  const present = headers.has(name);
  switch (action) {
    case 'OVERWRITE_IF_EXISTS_OR_ADD':
      headers.set(name, value);
      return;
    case 'OVERWRITE_IF_EXISTS':
      if (present) headers.set(name, value);
      return;
    case 'ADD_IF_ABSENT':
      if (!present) headers.set(name, value);
      return;
    case 'APPEND_IF_EXISTS_OR_ADD':
      if (!present) headers.set(name, value);
      else if (inline.has(name) || isOne(name)) join(headers, name, value);
      else headers.add(name, value);
      return;
    case 'APPEND_IF_EXISTS':
      if (present) join(headers, name, value);
  }
}

/** Of these a message has one. */
function isOne(name: string): boolean {
  return name.startsWith(':') || name === 'host';
}

/** Adds to the first value of a name. */
function join(headers: HeaderMap, name: string, value: string): void {
  const { raw } = headers;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i] !== name) continue;
    raw[i + 1] = `${raw[i + 1] as string},${value}`;
    return;
  }
  headers.set(name, `${headers.get(name) ?? ''},${value}`);
}

/** The headers of an answer that is nothing but what the service wants of it. */
export function replyHeaders(changes: readonly HeaderChange[]): readonly string[] {
  if (changes.length === 0) return [];
  const headers = new ResponseHeaderMap();
  applyChanges(changes, headers, 'response');
  return headers.raw;
}
