import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap, StreamInfo } from '@weft/core-http';
import type { Runtime, RuntimeSnapshot } from '@weft/core-runtime';
import type { ResolvedRoute } from '@weft/model-route';
import type {
  ClusterManager,
  FilterStream,
  LocalReply,
  RouteRequest,
  RouteRequestOwner,
  StreamSpan,
} from '@weft/proxy-filter-api';
import type { ActiveStream } from './active-stream.ts';

/** A filter's view of its stream: the stream, and the filter's place in it. */
export class FilterSlot implements FilterStream {
  private readonly stream: ActiveStream;
  /** Place among the filters before the terminal one, in configured order; their count for the terminal one itself. */
  private readonly place: number;

  constructor(stream: ActiveStream, place: number) {
    this.stream = stream;
    this.place = place;
  }

  get info(): StreamInfo {
    return this.stream.info;
  }
  get runtime(): Runtime {
    return this.stream.hcm.runtime;
  }
  get flags(): RuntimeSnapshot {
    return this.stream.hcm.flags;
  }
  get clusters(): ClusterManager {
    return this.stream.hcm.clusters;
  }
  get requestHeaders(): RequestHeaderMap {
    return this.stream.request;
  }
  get responseHeaders(): ResponseHeaderMap | undefined {
    return this.stream.response;
  }
  get route(): ResolvedRoute | undefined {
    return this.stream.route();
  }
  get span(): StreamSpan | undefined {
    return this.stream.span;
  }
  get internalRequest(): boolean {
    return this.stream.internal;
  }
  get bufferLimitBytes(): number {
    return this.stream.connection.bufferLimitBytes;
  }
  get requestComplete(): boolean {
    return this.stream.requestComplete;
  }

  setRequestBufferLimit(bytes: number): void {
    this.stream.setRequestBufferLimit(bytes);
  }
  perRouteConfig(filterName: string): unknown {
    return this.stream.route()?.filterConfigs.get(filterName);
  }
  clearRouteCache(): void {
    this.stream.clearRouteCache();
  }
  requestRoutes(owner: RouteRequestOwner): RouteRequest | undefined {
    return this.stream.requestRoutes(owner);
  }
  continueRequest(): void {
    this.stream.continueRequest(this.place);
  }
  continueResponse(): void {
    this.stream.continueResponse(this.place);
  }
  injectRequestData(chunk: Buffer, end: boolean): void {
    this.stream.injectRequestData(this.place, chunk, end);
  }
  injectResponseData(chunk: Buffer, end: boolean): void {
    this.stream.injectResponseData(this.place, chunk, end);
  }
  reply(reply: LocalReply): void {
    this.stream.reply(reply);
  }
  sendInformational(headers: ResponseHeaderMap): void {
    this.stream.sendInformational(headers);
  }
  sendHeaders(headers: ResponseHeaderMap, end: boolean): void {
    this.stream.sendHeaders(headers, end);
  }
  sendData(chunk: Buffer, end: boolean): boolean {
    return this.stream.sendData(chunk, end);
  }
  sendTrailers(trailers: HeaderMap): void {
    this.stream.sendTrailers(trailers);
  }
  resetStream(): void {
    this.stream.resetDownstream();
  }
  pauseRequest(): void {
    this.stream.pauseRequest();
  }
  resumeRequest(): void {
    this.stream.resumeRequest();
  }
}
