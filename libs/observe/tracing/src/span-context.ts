/** Which span of which trace a request belongs to, as headers carry it. Ids are lower-case hex. */
export interface SpanContext {
  /** 16 or 32 digits. */
  readonly traceId: string;
  /** 16 digits. */
  readonly spanId: string;
  /** 16 digits; `''` for the root of a trace. */
  readonly parentId: string;
}

/** Zipkin's kinds: the end of a call that a span was measured at. */
export type SpanKind = 'SERVER' | 'CLIENT';

/** The headers by which a context came in, and will go out. */
export type PropagationStyle = 'b3-multi' | 'b3-single';

/** What a request's headers say about its trace. */
export interface IncomingTrace {
  readonly style: PropagationStyle;
  /** Undefined: the request is not part of a trace yet. */
  readonly context: SpanContext | undefined;
  /** The sender's decision; undefined where it left that to us. */
  readonly sampled: boolean | undefined;
}
