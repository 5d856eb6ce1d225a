import type { RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { ClusterManager, FilterStream, HttpFilter, RouteProvider, StreamSpan } from '@weft/proxy-filter-api';
import type { HcmConfig } from './config.ts';
import type { DateHeader, RequestHeads } from './request-head.ts';
import type { HcmStats } from './stats.ts';

/** One line of log for each stream, at its end. */
export interface AccessLogger {
  log(info: StreamInfo, request: RequestHeaderMap, response: ResponseHeaderMap | undefined): void;
}

/** Begins the span of a request, where it is to be traced, and writes the trace's headers into the request. */
export interface RequestTracer {
  start(headers: RequestHeaderMap, info: StreamInfo, stream: FilterStream): StreamSpan | undefined;
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
  readonly createFilters: readonly ((stream: FilterStream) => HttpFilter)[];
  readonly createTerminal: (stream: FilterStream) => HttpFilter;
  readonly accessLogs: readonly AccessLogger[];
  readonly tracer: RequestTracer | undefined;
  /** True once the proxy or this listener drains. */
  readonly draining: () => boolean;
}
