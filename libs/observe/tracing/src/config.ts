import type { Sampling } from './sampling.ts';

/** What a connection manager traces and how. Source: HttpConnectionManager.Tracing. */
export interface TracingConfig extends Sampling {
  /** Adds moments of the request as annotations. */
  readonly verbose: boolean;
  /** Characters of the path in `http.url`. Default 256. */
  readonly maxPathTagLength: number;
  readonly customTags: readonly CustomTag[];
  /** A span of its own for each attempt at an upstream. */
  readonly spawnUpstreamSpan: boolean;
  /** Leaves the trace headers of requests as they are. */
  readonly noContextPropagation: boolean;
  /** Undefined: the bootstrap's tracing provider. `unsupported`: one that Weft has not, so there are no spans. */
  readonly provider: ZipkinConfig | 'unsupported' | undefined;
}

/** Source: envoy.type.tracing.v3.CustomTag. A tag without a value is left out. */
export type CustomTag = { readonly tag: string } & (
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'environment'; readonly name: string; readonly defaultValue: string }
  | { readonly kind: 'request_header'; readonly name: string; readonly defaultValue: string }
  | { readonly kind: 'metadata'; readonly defaultValue: string }
);

/** Source: envoy.config.trace.v3.ZipkinConfig. */
export interface ZipkinConfig {
  readonly collectorCluster: string;
  /** The path spans are posted to: `/api/v2/spans`. */
  readonly collectorEndpoint: string;
  /** The Host of those posts; the cluster's name where it is not set. */
  readonly collectorHostname: string;
  readonly traceId128bit: boolean;
  /** The server's half of a call has the span id of the client's half. */
  readonly sharedSpanContext: boolean;
  /** As spawn_upstream_span. */
  readonly splitSpansForRequest: boolean;
  /** Reads and writes W3C trace context beside B3. */
  readonly w3c: boolean;
}
