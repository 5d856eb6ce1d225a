import type { RequestHeaderMap } from '@weft/core-http';
import type { HttpAttributes } from '@weft/proxy-ext-authz';
import type { FilterStream } from '@weft/proxy-filter-api';
import type { ExtAuthzConfig } from './config.ts';

/** Says whether the service was told the whole body. A client's own is not believed. */
const PARTIAL_BODY = 'x-envoy-auth-partial-body';

/** What of the body has come, and how much of it may be told. */
export interface TellableBody {
  readonly bytes: Buffer;
  readonly maxBytes: number;
}

/** What a service is told of a request. */
export function httpAttributes(
  stream: FilterStream,
  headers: RequestHeaderMap,
  config: ExtAuthzConfig,
  body: TellableBody | undefined,
): HttpAttributes {
  const { info, runtime } = stream;
  const { random } = runtime;
  const told = config.rawHeaders ? allowed(headers, config) : merged(allowed(headers, config));
  const cut = body?.bytes.subarray(0, body.maxBytes);
  if (body !== undefined) told.push([PARTIAL_BODY, String(cut?.length !== body.bytes.length)]);
  return {
    id: String((BigInt(random.below(0x1_0000_0000)) << 32n) | BigInt(random.below(0x1_0000_0000))),
    method: headers.method,
    path: headers.path,
    host: headers.authority,
    scheme: headers.scheme,
    sizeBytes: info.bytesReceived,
    protocol: info.protocol,
    headers: told,
    rawHeaders: config.rawHeaders,
    body: cut,
    bodyAsBytes: config.bodyAsBytes,
  };
}

type Told = [name: string, value: string][];

function allowed(headers: RequestHeaderMap, { allowedHeaders, disallowedHeaders }: ExtAuthzConfig): Told {
  const pseudo: [string, string][] = [
    [':authority', headers.authority],
    [':path', headers.path],
    [':method', headers.method],
    [':scheme', headers.scheme],
    [':protocol', headers.protocol],
  ];
  return [...pseudo.filter(([, value]) => value !== ''), ...headers].filter(
    ([name]) =>
      name !== PARTIAL_BODY &&
      disallowedHeaders?.(name) !== true &&
      (allowedHeaders === undefined || allowedHeaders(name)),
  );
}

/** Values of one name as one. */
function merged(headers: Told): Told {
  const values = new Map<string, string>();
  for (const [name, value] of headers) {
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  return [...values];
}
