import type { Any } from '@bufbuild/protobuf/wkt';

/** A resource of a response, in either protocol. */
export interface WireResource {
  /** `''` where only the message tells. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly version: string;
  /** Undefined: a heartbeat. */
  readonly any: Any | undefined;
  readonly ttlMs: number | undefined;
}

export interface WireResponse {
  readonly kind: 'full' | 'incremental';
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly WireResource[];
  readonly removed: readonly string[];
  /** What the server says that is wrong with names. */
  readonly errors: readonly { readonly name: string; readonly message: string }[];
  /** `control_plane.identifier`; `''` where it is not told. */
  readonly controlPlane: string;
}

/** What a request says, in either protocol. */
export interface WireRequest {
  readonly typeUrl: string;
  /** Undefined: the server knows it already. */
  readonly node: object | undefined;
  /** All names; `*` is everything. */
  readonly names: ReadonlySet<string>;
  /** What the last request on this stream named; undefined on the first. */
  readonly before: ReadonlySet<string> | undefined;
  /** The last version that was taken. */
  readonly version: string;
  /** Versions of what is in force. Asked for the first request of a stream only. */
  versions(): Record<string, string>;
  readonly nonce: string;
  /** What is wrong with the response that is answered; undefined accepts it. */
  readonly error: string | undefined;
}

/** How the two protocols differ: nothing else in this library asks which it is. */
export interface WireProtocol {
  /** Every response has to be answered by itself; else the last answer stands for those before. */
  readonly answersEach: boolean;
  /** `/package.Service/Method` of the stream; undefined where the type has no service of its own. */
  method(typeName: string | undefined): string | undefined;
  encode(request: WireRequest): Uint8Array;
  /** Undefined: not a response. */
  decode(octets: Uint8Array): WireResponse | undefined;
}
