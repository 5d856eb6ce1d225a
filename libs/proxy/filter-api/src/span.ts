import type { RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';

/** The part of a trace that one request at this proxy is. The HCM makes it, the router spawns one for each attempt. */
export interface StreamSpan {
  setOperation(name: string): void;
  setTag(name: string, value: string): void;
  /** Writes this span's context into a request on its way upstream. */
  inject(headers: RequestHeaderMap): void;
  /** A child for one attempt at an upstream; undefined where the configuration wants none. */
  spawnUpstream(operation: string): StreamSpan | undefined;
  /** The response is about to go out: adds what the caller is to know (`x-envoy-decorator-operation`). */
  decorate(headers: ResponseHeaderMap): void;
  /** Finishes the span: tags from what is known now, then off to the collector. */
  finish(info: StreamInfo, request: RequestHeaderMap, response: ResponseHeaderMap | undefined): void;
}
