import type { ConnectionMetadata, DownstreamConnection, HeaderMap, SocketAddress } from '@weft/core-http';

/** What a policy may ask about: a connection, or one request on it. */
export interface RbacRequest {
  readonly connection: DownstreamConnection;
  /** The client: the peer, or whom x-forwarded-for or the PROXY protocol name in its place. */
  readonly remoteAddress: SocketAddress;
  /** Undefined for a connection of plain bytes. */
  readonly headers?: HeaderMap | undefined;
  /** Dynamic metadata, by namespace and key. */
  readonly metadata?: ConnectionMetadata | undefined;
  /** The text form of a filter state object; undefined where there is none. */
  filterState?(key: string): string | undefined;
}

/** One permission or principal, compiled. */
export type RequestTest = (request: RbacRequest) => boolean;

export const allOf =
  (tests: readonly RequestTest[]): RequestTest =>
  (request) =>
    tests.every((test) => test(request));

export const anyOf =
  (tests: readonly RequestTest[]): RequestTest =>
  (request) =>
    tests.some((test) => test(request));

export const not =
  (test: RequestTest): RequestTest =>
  (request) =>
    !test(request);
