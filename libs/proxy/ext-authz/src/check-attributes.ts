import type { SocketAddress } from '@weft/core-http';

/** One end of a connection. Source: envoy.service.auth.v3.AttributeContext.Peer. */
export interface Peer {
  readonly address: SocketAddress;
  /** Who it says it is, or is asked for as; `''`: nothing is said. */
  readonly service: string;
  /** What its certificate proves: its first URI SAN, else its first DNS SAN, else its subject; `''` without one. */
  readonly principal: string;
  /** PEM, percent-encoded; `''`: not told. */
  readonly certificate: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Source: envoy.service.auth.v3.AttributeContext.HttpRequest. */
export interface HttpAttributes {
  readonly id: string;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly host: string;
  readonly scheme: string;
  /** Bytes of body that have come so far. */
  readonly sizeBytes: number;
  /** `HTTP/1.1`. */
  readonly protocol: string;
  /** Pseudo headers included. Where headers are not told raw, each name is there once. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** As they came: bytes, repeated ones each. */
  readonly rawHeaders: boolean;
  readonly body: Buffer | undefined;
  /** The body as bytes, rather than as text. */
  readonly bodyAsBytes: boolean;
}

/** What an authorization service is told. Source: envoy.service.auth.v3.AttributeContext. */
export interface CheckAttributes {
  readonly source: Peer;
  readonly destination: Peer;
  /** Undefined for a connection of plain bytes. */
  readonly request: { readonly startWallMs: number; readonly http: HttpAttributes } | undefined;
  readonly contextExtensions: Readonly<Record<string, string>>;
  /** Dynamic metadata by namespace. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The route's metadata by namespace; undefined for a connection of plain bytes. */
  readonly routeMetadata: Readonly<Record<string, unknown>> | undefined;
  /** The name that TLS was asked for; undefined: not told. */
  readonly sni: string | undefined;
}
