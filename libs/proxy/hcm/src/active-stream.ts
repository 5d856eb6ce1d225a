import {
  RequestHeaderMap,
  ResponseFlag,
  ResponseHeaderMap,
  StreamInfo,
  WireBytes,
  type AccessLogType,
  type HeaderMap,
  type Protocol,
  type RequestReceiver,
  type ResetReason,
  type ServerStream,
} from '@weft/core-http';
import { matchRoute, missingHost, type ResolvedRoute } from '@weft/model-route';
import type {
  Connection,
  HttpFilter,
  LocalReply,
  RouteRequest,
  RouteRequestOwner,
  StreamSpan,
} from '@weft/proxy-filter-api';
import { admit } from './admission.ts';
import { Direction } from './direction.ts';
import { requestEnds, responseEnds } from './direction-ends.ts';
import { FilterSlot } from './filter-slot.ts';
import { localReplyHead } from './local-reply.ts';
import type { PreparedChain, PreparedHcm } from './prepared.ts';
import type { RequestConnection } from './request-head.ts';
import { prepareResponse } from './response-head.ts';
import { StreamTimes } from './stream-times.ts';

/** What a stream tells its connection. */
export interface StreamOwner extends RequestConnection {
  readonly hcm: PreparedHcm;
  readonly connection: Connection;
  /** A response head is about to go out: the last chance to have the codec close after it. */
  onResponse(stream: ActiveStream): void;
  /** The stream is over. */
  onStreamEnd(stream: ActiveStream): void;
}

/** What a stream that lost its client before its head came shows to logs. Nothing is written to it. */
const NO_REQUEST = new RequestHeaderMap();

/**
 * One request and its response at the connection manager: request through the filters to the terminal one, response back
 * through them to the codec.
 *
 *   receiving -> (answering) -> over
 *
 * Over means: the response is complete, or either side reset. Then filters are destroyed, and the stream is logged and
 * counted, once.
 */
export class ActiveStream extends StreamTimes implements RequestReceiver {
  readonly hcm: PreparedHcm;
  readonly info: StreamInfo;
  readonly connection: Connection;
  request = NO_REQUEST;
  response: ResponseHeaderMap | undefined;
  span: StreamSpan | undefined;
  internal = false;
  requestComplete = false;
  /** Its neighbours on the connection, kept by StreamList. */
  nextStream: ActiveStream | undefined;
  previousStream: ActiveStream | undefined;
  over = false;
  private readonly owner: StreamOwner;
  private readonly codec: ServerStream;
  private filters: readonly HttpFilter[] = [];
  private terminal: HttpFilter | undefined;
  /** Undefined on the fast path: no filter stands before the terminal one. */
  private requestPath: Direction<RequestHeaderMap> | undefined;
  private responsePath: Direction<ResponseHeaderMap> | undefined;
  private chain: PreparedChain | undefined;
  private routed: ResolvedRoute | undefined;
  private routeKnown = false;
  /** The head of the response went to the codec. */
  private answered = false;
  private closeAfter = false;
  /** A local reply took the terminal filter's place. */
  private replied = false;
  private responseHeld = false;
  /** The last octet of the response went to the codec. */
  private ended = false;
  private upgradeAccepted = false;
  private trailersSent: HeaderMap | undefined;

  constructor(owner: StreamOwner, codec: ServerStream, protocol: Protocol) {
    super();
    this.owner = owner;
    this.codec = codec;
    this.hcm = owner.hcm;
    this.connection = owner.connection;
    const { clock } = owner.hcm.runtime;
    const { stats } = owner.hcm;
    this.startMs = clock.nowMs();
    this.activeMs = this.startMs;
    this.info = new StreamInfo(owner.connection.info, this.startMs, clock.wallMs());
    this.info.protocol = protocol;
    if (owner.hcm.countsBytes) this.countBytes(codec);
    stats.rqTotal.inc();
    (owner.http2 ? stats.rqHttp2Total : stats.rqHttp1Total).inc();
    stats.rqActive.inc();
  }

  // ---- request, called by the codec ----

  headers(headers: RequestHeaderMap, end: boolean): void {
    const { hcm, info } = this;
    this.request = headers;
    const origin = hcm.heads.prepare(headers, this.owner);
    info.remoteAddress = origin.remoteAddress;
    info.requestId = headers.get('x-request-id') ?? '';
    this.internal = origin.internal;
    if (end) this.completeRequest(this.startMs);
    this.startTimers(end);
    this.chain = hcm.chain;
    const refusal = admit(this, headers, origin);
    this.createFilters(this.chain);
    if (refusal !== undefined) {
      this.reply(refusal);
      return;
    }
    if (!end && headers.get('expect')?.toLowerCase() === '100-continue' && !hcm.config.proxy100Continue) {
      hcm.stats.chargeResponse(100);
      this.codec.informational(new ResponseHeaderMap(100));
      headers.remove('expect');
    }
    if (hcm.tracer !== undefined)
      this.span = hcm.tracer.start(headers, info, new FilterSlot(this, this.filters.length));
    if (hcm.config.accessLogOptions.onNewRequest) this.logNew();
    if (this.requestPath === undefined) this.terminal?.onRequestHeaders?.(headers, end);
    else this.requestPath.headers(0, headers, end);
  }

  data(chunk: Buffer, end: boolean): boolean {
    this.info.bytesReceived += chunk.length;
    if (this.over || this.replied) return true;
    this.touch();
    if (end) this.completeRequest(this.activeMs);
    if (this.requestPath === undefined) this.terminal?.onRequestData?.(chunk, end);
    else this.requestPath.data(0, chunk, end);
    return true;
  }

  trailers(trailers: HeaderMap): void {
    if (this.over || this.replied) return;
    this.touch();
    this.completeRequest(this.activeMs);
    if (this.requestPath === undefined) this.terminal?.onRequestTrailers?.(trailers);
    else this.requestPath.trailers(0, trailers);
  }

  /** The client went away, or broke the protocol in its body. */
  reset(reason: ResetReason): void {
    if (this.over) return;
    const { info, hcm } = this;
    if (reason === 'protocol error') {
      info.setFlag(ResponseFlag.DownstreamProtocolError);
      info.responseCodeDetails = this.owner.http2 ? 'http2.violation.of.messaging.rule' : 'http1.codec_error';
    } else if (reason === 'remote reset' || reason === 'remote refused stream reset') {
      info.setFlag(ResponseFlag.DownstreamRemoteReset);
      info.responseCodeDetails = 'http2.remote_reset';
      hcm.stats.rqRxReset.inc();
    } else {
      info.setFlag(ResponseFlag.DownstreamConnectionTermination);
      info.responseCodeDetails = 'downstream_remote_disconnect';
      hcm.stats.rqRxReset.inc();
    }
    this.finish();
  }

  drained(): void {
    if (!this.over && !this.responseHeld) this.terminal?.onDownstreamDrained?.();
  }

  // ---- response, called by the terminal filter ----

  sendInformational(headers: ResponseHeaderMap): void {
    // As with Envoy, the proxy answers Expect itself and passes no interim answers on, unless it is told to.
    if (this.over || this.answered || !this.hcm.config.proxy100Continue) return;
    this.hcm.stats.chargeResponse(headers.status);
    this.codec.informational(headers);
  }

  sendHeaders(headers: ResponseHeaderMap, end: boolean): void {
    if (this.over || this.replied) return;
    this.response = headers;
    if (this.responsePath === undefined) this.answer(headers, end);
    else this.responsePath.headers(0, headers, end);
  }

  sendData(chunk: Buffer, end: boolean): boolean {
    if (this.over || this.replied) return true;
    if (this.responsePath === undefined) return this.answerData(chunk, end);
    return this.responsePath.data(0, chunk, end) && !this.responseHeld;
  }

  sendTrailers(trailers: HeaderMap): void {
    if (this.over || this.replied) return;
    if (this.responsePath === undefined) this.answerTrailers(trailers);
    else this.responsePath.trailers(0, trailers);
  }

  /** Answers in the proxy's own words. With a response already on its way there is nothing to say: the stream is reset. */
  reply(reply: LocalReply): void {
    if (this.over || this.replied) return;
    this.info.setFlag(reply.flags ?? 0);
    this.info.responseCodeDetails = reply.details;
    if (this.answered) {
      this.resetDownstream();
      return;
    }
    const { localReplies } = this.hcm;
    const { headers, body } =
      localReplies === undefined
        ? localReplyHead(reply, this.request)
        : localReplies.write(reply, new FilterSlot(this, this.filters.length));
    this.replied = true;
    // A bad request may be the first half of a message that the client and this proxy read differently.
    this.closeAfter =
      reply.status === 400 && !this.owner.http2 && this.hcm.config.http1.streamErrorOnInvalidHttpMessage !== true;
    this.response = headers;
    const end = body.length === 0 || this.request.method === 'HEAD';
    if (this.responsePath === undefined) {
      this.answer(headers, end);
      if (!end && !this.over) this.answerData(body, true);
    } else {
      this.responsePath.headers(0, headers, end);
      if (!end && !this.over) this.responsePath.data(0, body, true);
    }
  }

  resetDownstream(): void {
    if (this.over) return;
    this.hcm.stats.rqTxReset.inc();
    this.codec.reset('local reset');
    this.finish();
  }

  // ---- the far end of both directions, called by direction-ends ----

  passRequestHeaders(headers: RequestHeaderMap, end: boolean): void {
    this.terminal?.onRequestHeaders?.(headers, end);
  }
  passRequestData(chunk: Buffer, end: boolean): boolean {
    this.terminal?.onRequestData?.(chunk, end);
    return true;
  }
  passRequestTrailers(trailers: HeaderMap): void {
    this.terminal?.onRequestTrailers?.(trailers);
  }
  get requestFlowing(): boolean {
    return !this.over && !this.replied;
  }

  answer(headers: ResponseHeaderMap, end: boolean): void {
    const { hcm, info } = this;
    prepareResponse(headers, this.request, hcm.config, hcm.date);
    this.span?.decorate(headers);
    info.responseCode = headers.status;
    this.answered = true;
    this.touch();
    info.firstDownstreamTxMs = this.activeMs;
    this.owner.onResponse(this);
    if (this.closeAfter) headers.set('connection', 'close');
    if (this.upgradeAccepted && hcm.config.accessLogOptions.onTunnel) this.logTunnel(headers.status);
    this.codec.headers(headers, end);
    if (end) this.end();
  }
  answerData(chunk: Buffer, end: boolean): boolean {
    this.info.bytesSent += chunk.length;
    this.touch();
    const more = this.codec.data(chunk, end);
    if (end) this.end();
    return more;
  }
  answerTrailers(trailers: HeaderMap): void {
    this.touch();
    this.trailersSent = trailers;
    this.codec.trailers(trailers);
    this.end();
  }
  holdResponse(held: boolean): void {
    this.responseHeld = held;
    if (!held) this.drained();
  }
  requestTooLarge(): void {
    this.hcm.stats.rqTooLarge.inc();
    this.reply({ status: 413, body: 'Payload Too Large', details: 'request_payload_too_large' });
  }
  responseTooLarge(): void {
    this.hcm.stats.rsTooLarge.inc();
    this.reply({ status: 500, body: 'Internal Server Error', details: 'response_payload_too_large' });
  }

  // ---- what filters ask for ----

  continueRequest(place: number): void {
    if (this.requestFlowing) this.requestPath?.continue(place);
  }
  continueResponse(place: number): void {
    if (!this.over) this.responsePath?.continue(this.filters.length - 1 - place);
  }
  injectRequestData(place: number, chunk: Buffer, end: boolean): void {
    if (this.requestFlowing) this.requestPath?.data(place + 1, chunk, end);
  }
  injectResponseData(place: number, chunk: Buffer, end: boolean): void {
    if (!this.over) this.responsePath?.data(this.filters.length - place, chunk, end);
  }
  setRequestBufferLimit(bytes: number): void {
    this.requestPath?.setLimit(bytes);
  }
  pauseRequest(): void {
    if (this.over) return;
    this.hcm.stats.flowControlPaused.inc();
    this.codec.pause();
  }
  resumeRequest(): void {
    if (this.over) return;
    this.hcm.stats.flowControlResumed.inc();
    this.codec.resume();
  }

  route(): ResolvedRoute | undefined {
    if (this.routeKnown) return this.routed;
    this.routeKnown = true;
    const { hcm, info } = this;
    const { table } = hcm.routes;
    // What the configuration calls internal is believed of nobody outside.
    if (table !== undefined && !this.internal) for (const name of table.internalOnlyHeaders) this.request.remove(name);
    this.routed =
      table === undefined
        ? undefined
        : matchRoute(table, this.request, {
            flags: hcm.flags,
            draw: hcm.runtime.random.below(0x1_0000_0000),
            internalRequest: this.internal,
          });
    info.routeName = this.routed?.route.name ?? '';
    info.virtualHostName = this.routed?.virtualHost.name ?? '';
    info.routeMetadata = this.routed?.route.metadata;
    info.virtualHostMetadata = this.routed?.virtualHost.metadata;
    const action = this.routed?.route.action;
    if (action?.kind === 'forward' && !this.over) this.applyRouteTimes(action);
    return this.routed;
  }
  clearRouteCache(): void {
    this.routeKnown = false;
  }
  requestRoutes(owner: RouteRequestOwner): RouteRequest | undefined {
    const { routes } = this.hcm;
    const host = routes.table?.vhds && missingHost(routes.table, this.request);
    return host === undefined ? undefined : routes.request?.(host, owner);
  }

  /** The request may leave HTTP: by the filters that its upgrade has, where it has its own. */
  acceptUpgrade(token: string): void {
    const { stats, upgradeChains } = this.hcm;
    this.upgradeAccepted = true;
    this.chain = upgradeChains.get(token) ?? this.chain;
    stats.cxUpgradesTotal.inc();
    stats.cxUpgradesActive.inc();
  }

  // ---- beginning and end ----

  private createFilters(chain: PreparedChain): void {
    const count = chain.filters.length;
    this.terminal = chain.terminal(new FilterSlot(this, count));
    if (count === 0) return;
    this.filters = chain.filters.map((create, place) => create(new FilterSlot(this, place)));
    const { bufferLimitBytes } = this.connection;
    this.requestPath = new Direction(this.filters, requestEnds(this), bufferLimitBytes);
    this.responsePath = new Direction([...this.filters].reverse(), responseEnds(this), bufferLimitBytes);
  }

  /** Route and cluster are known by then, as in Envoy. */
  private logNew(): void {
    const name = this.route()?.clusterName;
    this.info.noteCluster(name === undefined ? undefined : this.hcm.clusters.get(name));
    this.logNow('DownstreamStart');
  }

  private logTunnel(status: number): void {
    if (status === 101 || (this.request.method === 'CONNECT' && status >= 200 && status < 300))
      this.logNow('DownstreamTunnelSuccessfullyEstablished');
  }

  /** A line while the stream goes on. */
  logNow(type: AccessLogType): void {
    const { info } = this;
    this.codec.countBytes?.();
    info.accessLogType = type;
    info.endMs = this.hcm.runtime.clock.nowMs();
    this.log();
    info.accessLogType = 'DownstreamEnd';
    info.endMs = -1;
  }

  private log(): void {
    const sent = this.answered ? this.response : undefined;
    for (const log of this.hcm.accessLogs) log.log(this.info, this.request, sent, this.trailersSent);
  }

  private countBytes(codec: ServerStream): void {
    this.info.downstreamBytes = new WireBytes();
    this.info.upstreamBytes = new WireBytes();
    codec.bytes = this.info.downstreamBytes;
  }

  private completeRequest(nowMs: number): void {
    this.requestComplete = true;
    this.info.requestCompleteMs = nowMs;
    this.stopRequestTimer();
  }

  /** The response is complete. */
  private end(): void {
    this.ended = true;
    this.finish();
  }

  private finish(): void {
    this.over = true;
    this.stopTimers();
    const { info, hcm, response } = this;
    const { stats } = hcm;
    // A response that has ended has moved just now.
    info.endMs = this.ended ? this.activeMs : hcm.runtime.clock.nowMs();
    for (const filter of this.filters) filter.onDestroy?.();
    this.terminal?.onDestroy?.();
    stats.rqActive.dec();
    if (this.upgradeAccepted) stats.cxUpgradesActive.dec();
    if (info.responseCode !== 0) {
      stats.chargeResponse(info.responseCode);
      stats.rqTime.record(info.endMs - info.startMs);
      if (this.ended && !this.requestComplete) {
        stats.rqResponseBeforeComplete.inc();
        stats.rqRxReset.inc();
      }
    }
    this.log();
    this.span?.finish(info, this.request, this.answered ? response : undefined);
    this.owner.onStreamEnd(this);
  }
}
