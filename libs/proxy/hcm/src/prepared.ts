import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type {
  ClusterManager,
  FilterStream,
  HttpFilter,
  OverloadState,
  RouteProvider,
  StreamSpan,
} from '@weft/proxy-filter-api';
import type { HcmConfig } from './config.ts';
import type { LocalReplyRewriter } from './local-reply-rewriter.ts';
import type { DateHeader } from './date-header.ts';
import type { RequestHeads } from './request-head.ts';
import type { HcmStats } from './stats.ts';
import type { TlsOnPlaintext } from './tls-on-plaintext.ts';

/** One line of log for each stream, at its end. */
export interface AccessLogger {
  /** It tells what streams cost on the wire, so that they must be counted. */
  readonly countsBytes?: boolean;
  log(info: StreamInfo, request: RequestHeaderMap, response: ResponseHeaderMap | undefined, trailers?: HeaderMap): void;
}

/** Begins the span of a request, where it is to be traced, and writes the trace's headers into the request. */
export interface RequestTracer {
  start(headers: RequestHeaderMap, info: StreamInfo, stream: FilterStream): StreamSpan | undefined;
}

export type CreateFilter = (stream: FilterStream) => HttpFilter;

/** A chain of filters, compiled: each makes one filter for each stream. */
export interface PreparedChain {
  readonly filters: readonly CreateFilter[];
  readonly terminal: CreateFilter;
}

/** One connection manager, compiled: all that its connections and streams share. Swapped whole with its listener. */
export interface PreparedHcm {
  readonly config: HcmConfig;
  readonly runtime: Runtime;
  readonly flags: RuntimeSnapshot;
  readonly clusters: ClusterManager;
  readonly stats: HcmStats;
  readonly routes: RouteProvider;
  readonly heads: RequestHeads;
  readonly date: DateHeader;
  readonly chain: PreparedChain;
  /** Of upgrades that have filters of their own, by token. */
  readonly upgradeChains: ReadonlyMap<string, PreparedChain>;
  readonly localReplies: LocalReplyRewriter | undefined;
  readonly accessLogs: readonly AccessLogger[];
  /** One of them, or a local reply, tells what streams cost on the wire. */
  readonly countsBytes: boolean;
  readonly tracer: RequestTracer | undefined;
  readonly overload: OverloadState | undefined;
  readonly tlsOnPlaintext: TlsOnPlaintext;
  /** True where a response should end its connection: the proxy drains, or this listener does. */
  readonly draining: () => boolean;
}
