import { TOKEN_LOWER } from './chars.ts';

/** What a field means to a codec; `plain` fields pass through. */
export const FieldKind = {
  plain: 0,
  contentLength: 1,
  transferEncoding: 2,
  host: 3,
  connection: 4,
  upgrade: 5,
  te: 6,
  /** Fields of one connection, which no proxy passes on (RFC 9110 section 7.6.1). */
  hopByHop: 7,
  http2Settings: 8,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

const SPECIAL: Readonly<Record<string, FieldKind>> = {
  'content-length': FieldKind.contentLength,
  'transfer-encoding': FieldKind.transferEncoding,
  host: FieldKind.host,
  connection: FieldKind.connection,
  upgrade: FieldKind.upgrade,
  te: FieldKind.te,
  'keep-alive': FieldKind.hopByHop,
  'proxy-connection': FieldKind.hopByHop,
  'http2-settings': FieldKind.http2Settings,
};

// Names that requests and responses usually carry: found without making a string, and equal by identity afterwards.
const COMMON = (
  'accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials ' +
  'access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers ' +
  'access-control-max-age access-control-request-headers access-control-request-method age allow alt-svc authorization ' +
  'b3 baggage cache-control content-disposition content-encoding content-language content-location content-range ' +
  'content-security-policy content-type cookie date dnt etag expect expires forwarded from grpc-accept-encoding ' +
  'grpc-encoding grpc-message grpc-status grpc-timeout if-match if-modified-since if-none-match if-range ' +
  'if-unmodified-since last-modified link location max-forwards origin pragma priority proxy-authenticate ' +
  'proxy-authorization range referer referrer-policy retry-after sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform ' +
  'sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-websocket-accept sec-websocket-extensions ' +
  'sec-websocket-key sec-websocket-protocol sec-websocket-version server set-cookie strict-transport-security ' +
  'traceparent tracestate trailer upgrade-insecure-requests user-agent vary via warning www-authenticate ' +
  'x-b3-flags x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-content-type-options x-envoy-attempt-count ' +
  'x-envoy-decorator-operation x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-internal ' +
  'x-envoy-max-retries x-envoy-original-path x-envoy-overloaded x-envoy-peer-metadata x-envoy-retry-on ' +
  'x-envoy-upstream-rq-timeout-ms x-envoy-upstream-service-time x-forwarded-client-cert x-forwarded-for ' +
  'x-forwarded-host x-forwarded-port x-forwarded-proto x-frame-options x-ot-span-context x-powered-by x-real-ip ' +
  'x-request-id x-requested-with x-xss-protection'
).split(' ');

const SLOTS = 2048;
const MASK = SLOTS - 1;
const names: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);
const kinds = new Uint8Array(SLOTS);

for (const name of [...Object.keys(SPECIAL), ...COMMON]) {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i));
  let slot = hash & MASK;
  while (names[slot] !== undefined) slot = (slot + 1) & MASK;
  names[slot] = name;
  kinds[slot] = SPECIAL[name] ?? FieldKind.plain;
}

/** The hash by which `findName` looks: start with 0, then one step for each lower-case code. */
export function hashStep(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0;
}

/** The slot of the known name that `bytes[from..to)` spells in any case and whose hash is `hash`; -1 for other names. */
export function findName(bytes: Buffer, from: number, to: number, hash: number): number {
  for (let slot = hash & MASK; ; slot = (slot + 1) & MASK) {
    const name = names[slot];
    if (name === undefined) return -1;
    if (name.length !== to - from) continue;
    // The hash is no proof: a sender could choose a name that shares it with content-length.
    let i = 0;
    while (i < name.length && name.charCodeAt(i) === TOKEN_LOWER[bytes[from + i]]) i++;
    if (i === name.length) return slot;
  }
}

export function nameAt(slot: number): string {
  return names[slot] as string;
}

export function kindAt(slot: number): FieldKind {
  return kinds[slot] as FieldKind;
}

/** What a lower-case name means to a codec. */
export function kindOf(name: string): FieldKind {
  // Most names are settled by their length alone.
  switch (name.length) {
    case 2:
    case 4:
    case 7:
    case 10:
    case 14:
    case 16:
    case 17:
      return SPECIAL[name] ?? FieldKind.plain;
    default:
      return FieldKind.plain;
  }
}

/**
 * Whether a lower-case name reads like a framing field to a parser that drops or swaps odd characters: `transfer_encoding`,
 * `x-content-length`. Behind such a parser the field would frame the message in a second way.
 */
export function isDisguisedFraming(name: string): boolean {
  if (name.length < 13) return false;
  const letters = name.replace(/[^a-z]/g, '');
  const stem = letters.startsWith('x') ? letters.slice(1) : letters;
  return stem === 'transferencoding' || stem === 'contentlength';
}
