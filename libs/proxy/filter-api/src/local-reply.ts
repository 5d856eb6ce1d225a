/** An answer made by the proxy itself. Source of bodies and flags: Envoy's response flags, and docs/errors.md. */
export interface LocalReply {
  readonly status: number;
  /** Sent as text/plain; `''` sends none. */
  readonly body: string;
  /** Goes into %RESPONSE_CODE_DETAILS%. */
  readonly details: string;
  /** Bits of ResponseFlag. */
  readonly flags?: number;
  /** What a gRPC client is told instead of what `status` stands for in gRPC. */
  readonly grpcStatus?: number;
  /** Further headers: `[name, value, …]`. */
  readonly headers?: readonly string[];
}
