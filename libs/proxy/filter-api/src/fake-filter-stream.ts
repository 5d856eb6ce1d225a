import {
  StreamInfo,
  socketAddress,
  type HeaderMap,
  type RequestHeaderMap,
  type ResponseHeaderMap,
} from '@weft/core-http';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { matchRoute, type ResolvedRoute, type RouteTable } from '@weft/model-route';
import { fakeFlags, matchContext } from '@weft/model-route/testing';
import type { ClusterManager } from './cluster.ts';
import { FakeClusters } from './fake-cluster.ts';
import type { FilterStream } from './http-filter.ts';
import type { RouteRequest, RouteRequestOwner } from './network-filter.ts';
import type { LocalReply } from './local-reply.ts';
import type { StreamSpan } from './span.ts';

/** The world of one filter on one stream. What the filter says is written down; what it is told, a test sets. */
export class FakeFilterStream implements FilterStream {
  readonly info: StreamInfo;
  readonly runtime: FakeRuntime;
  readonly flags = fakeFlags();
  readonly clusters: ClusterManager;
  readonly requestHeaders: RequestHeaderMap;
  responseHeaders: ResponseHeaderMap | undefined;
  route: ResolvedRoute | undefined;
  span: StreamSpan | undefined;
  internalRequest = false;
  requestComplete = false;
  bufferLimitBytes = 1024 * 1024;
  /** Makes `sendData` return false. */
  downstreamFull = false;

  requestBufferLimit: number | undefined;
  localReply: LocalReply | undefined;
  readonly informational: ResponseHeaderMap[] = [];
  body = '';
  ended = false;
  trailers: HeaderMap | undefined;
  wasReset = false;
  paused = 0;
  requestContinued = 0;
  responseContinued = 0;
  readonly injected: { readonly way: 'request' | 'response'; readonly text: string; readonly end: boolean }[] = [];
  /** Who waits for routes. Undefined: they do not come on demand. */
  routesAwaited: RouteRequestOwner[] | undefined;
  readonly routeConfigs = new Map<string, unknown>();

  constructor(
    requestHeaders: RequestHeaderMap,
    options: { table?: RouteTable; clusters?: ClusterManager; runtime?: FakeRuntime; draw?: number } = {},
  ) {
    this.runtime = options.runtime ?? createFakeRuntime();
    this.requestHeaders = requestHeaders;
    this.clusters = options.clusters ?? new FakeClusters();
    this.route = options.table && matchRoute(options.table, requestHeaders, matchContext(options.draw));
    const downstream = {
      id: 1,
      localAddress: socketAddress('127.0.0.1', 8080),
      directRemoteAddress: socketAddress('127.0.0.1', 50000),
      tls: false,
      requestedServerName: '',
    };
    this.info = new StreamInfo(downstream, this.runtime.clock.nowMs(), this.runtime.clock.wallMs());
  }

  setRequestBufferLimit(bytes: number): void {
    this.requestBufferLimit = bytes;
  }
  perRouteConfig(filterName: string): unknown {
    return this.routeConfigs.get(filterName);
  }
  clearRouteCache(): void {
    this.route = undefined;
  }
  requestRoutes(owner: RouteRequestOwner): RouteRequest | undefined {
    if (this.routesAwaited === undefined) return undefined;
    this.routesAwaited.push(owner);
    return { cancel: () => this.routesAwaited?.splice(this.routesAwaited.indexOf(owner), 1) };
  }
  continueRequest(): void {
    this.requestContinued += 1;
  }
  continueResponse(): void {
    this.responseContinued += 1;
  }
  injectRequestData(chunk: Buffer, end: boolean): void {
    this.injected.push({ way: 'request', text: chunk.toString('latin1'), end });
  }
  injectResponseData(chunk: Buffer, end: boolean): void {
    this.injected.push({ way: 'response', text: chunk.toString('latin1'), end });
  }
  reply(reply: LocalReply): void {
    this.localReply = reply;
    this.info.setFlag(reply.flags ?? 0);
    this.info.responseCodeDetails = reply.details;
    this.info.responseCode = reply.status;
    this.ended = true;
  }
  sendInformational(headers: ResponseHeaderMap): void {
    this.informational.push(headers);
  }
  sendHeaders(headers: ResponseHeaderMap, end: boolean): void {
    this.responseHeaders = headers;
    this.info.responseCode = headers.status;
    this.ended = end;
  }
  sendData(chunk: Buffer, end: boolean): boolean {
    this.body += chunk.toString('latin1');
    this.ended = end;
    return !this.downstreamFull;
  }
  sendTrailers(trailers: HeaderMap): void {
    this.trailers = trailers;
    this.ended = true;
  }
  resetStream(): void {
    this.wasReset = true;
    this.ended = true;
  }
  pauseRequest(): void {
    this.paused += 1;
  }
  resumeRequest(): void {
    this.paused -= 1;
  }
}
