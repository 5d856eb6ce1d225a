import type { V1Map } from './v1-map.ts';

/** `[{key, value}]` lists of headers, as v3 wraps them. */
export function headersToAdd(map: V1Map): Record<string, unknown> {
  const lists: Record<string, unknown> = {};
  for (const field of ['request_headers_to_add', 'response_headers_to_add']) {
    const headers = map.maps(field);
    if (headers !== undefined) lists[field] = headers.map((header) => ({ header: header.build({}) }));
  }
  return lists;
}
