import type { RequestHeaderMap, ServerCodecCallbacks } from '@weft/core-http';

/**
 * A request without a body that asks to go on in HTTP/2. RFC 9113 has given the mechanism up, RFC 7540 section 3.2
 * defined it, and old clients still ask.
 */
export interface H2cUpgrade {
  readonly headers: RequestHeaderMap;
  /** The payload of a SETTINGS frame, as `HTTP2-Settings` brought it. */
  readonly settings: Buffer;
  /**
   * Switches: the codec answers 101 and does nothing more. Returns what came behind the request, which is the new
   * protocol's. The owner makes the other codec, which answers `headers` on stream 1.
   */
  accept(): readonly Buffer[];
}

/** What a server codec may call where its owner has another codec to switch to. */
export interface Http1ServerCallbacks extends ServerCodecCallbacks {
  /** Without a call of `accept` inside, and where this is missing, the request is served as HTTP/1.1. */
  onH2cUpgrade?(upgrade: H2cUpgrade): void;
}

/** The payload in an `HTTP2-Settings` field (base64url without padding); undefined where it is none. */
export function decodeHttp2Settings(value: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(value)) return undefined;
  const payload = Buffer.from(value, 'base64url');
  return payload.length % 6 === 0 ? payload : undefined;
}
