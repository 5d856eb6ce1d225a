import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from './header-map.ts';
import type { ResetReason } from './reset-reason.ts';
import type { WireBytes } from './wire-bytes.ts';

/**
 * One direction of one stream. A codec, a filter chain, a router, an upstream codec and a test recorder are all sinks.
 *
 * Order: `headers`, any number of `data`, at most one `trailers`. The direction is over after a call with `end` true, after
 * `trailers`, or after `reset`, which may come at any time and ends both directions.
 */
export interface StreamSink<H extends HeaderMap> {
  headers(headers: H, end: boolean): void;
  /**
   * The chunk is the sink's from now on. False: the sink is above its high watermark; the caller pauses its source until
   * the sink calls `drained` (codecs) or resumes it.
   */
  data(chunk: Buffer, end: boolean): boolean;
  trailers(trailers: HeaderMap): void;
  /** Ends the stream in both directions. A sink that is over already does nothing. */
  reset(reason: ResetReason): void;
}

/** The reading side of a stream. Counted, as Envoy's readDisable: as many `resume` calls as there were `pause` calls. */
export interface StreamSource {
  pause(): void;
  resume(): void;
}

/** What a codec calls with what it reads; the other half of a codec's stream. */
export interface StreamReceiver<H extends HeaderMap> extends StreamSink<H> {
  /** The codec's outgoing queue fell below its low watermark after `data` had returned false. */
  drained(): void;
}

/** A stream at a codec, of either side. */
export interface CodecStream {
  /**
   * Given by who wants to know what the stream costs on the wire: servers' streams inside `newStream`, clients' before their head is
   * written. It is whole when the last octet was handed over or the stream was reset.
   */
  bytes?: WireBytes | undefined;
  /** Brings `bytes` up to date while the stream goes on. Absent where it always is. */
  countBytes?(): void;
}

/** A stream at a server codec: the response goes in, `pause` and `resume` hold the request body. */
export interface ServerStream extends StreamSink<ResponseHeaderMap>, StreamSource, CodecStream {
  /** Sends an interim response (100, 103 …; RFC 9110 section 15.2). Not 101, which is final for its request. */
  informational(headers: ResponseHeaderMap): void;
}

/** What a server codec calls with a request. The connection manager's stream implements it. */
export type RequestReceiver = StreamReceiver<RequestHeaderMap>;

/** A stream at a client codec: the request goes in, `pause` and `resume` hold the response body. */
export interface ClientStream extends StreamSink<RequestHeaderMap>, StreamSource, CodecStream {}

/** What a client codec calls with a response. The router's upstream request implements it. */
export interface ResponseReceiver extends StreamReceiver<ResponseHeaderMap> {
  /** An interim response arrived (100, 103 …). */
  informational(headers: ResponseHeaderMap): void;
}

/** HTTP versions, as access logs print them. */
export type Protocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2' | 'HTTP/3';

/** What a server codec calls beyond its streams. The connection manager implements it. */
export interface ServerCodecCallbacks {
  /** A request begins: called before its headers. The receiver gets everything of the request. */
  newStream(stream: ServerStream): RequestReceiver;
  /**
   * The peer broke the protocol outside of any stream, or in a head that never became one. The codec has already
   * answered where an answer is due (HTTP/1.1: 400, 431, 501 …) and closes.
   * @param refusedWith the status that answered a head which never became a stream; 0 where there was a stream.
   */
  onProtocolError(details: string, refusedWith: number): void;
  /**
   * HTTP/2: a head was refused before it became a stream, which was reset, or ends with the connection.
   * @param malformed it broke the protocol; otherwise it broke a limit or a rule of the configuration.
   */
  onRefusedHead?(details: string, malformed: boolean): void;
  /** The last active stream ended; the connection waits for a request. Called before a pipelined one is read. */
  onIdle(): void;
}

/** What a connection manager asks of any server codec. Its bytes come by TransportReceiver. */
export interface ServerCodec {
  readonly protocol: Protocol;
  readonly activeStreams: number;
  /** What the head cost that was refused last, with its answer: `onProtocolError` and `onRefusedHead` tell of it. */
  readonly refusedBytes?: WireBytes | undefined;
  /**
   * Takes no more requests than it must: HTTP/1.1 puts `connection: close` on the response under way (or the next one) and
   * closes after it; an idle connection closes at once. HTTP/2 sends GOAWAY with the last id it serves, and closes when
   * its last stream ends.
   */
  drain(): void;
  /**
   * The first of the two steps of a graceful drain. HTTP/2 sends GOAWAY with the highest id and still takes requests;
   * HTTP/1.1 has no such word and does nothing. The owner calls `drain` after HttpConnectionManager.drain_timeout.
   */
  shutdownNotice(): void;
}

/** What a client codec calls beyond its streams. The pool's connection implements it. */
export interface ClientCodecCallbacks {
  /** A stream ended, and its request and response are both complete: the connection can take another in its place. */
  onStreamEnd(): void;
  /**
   * A stream ended early: reset by either side, or lost with its connection. Its place is free. Called before the stream's
   * receiver hears of it. HTTP/1.1, where the connection goes with the stream, says so by `onGoAway`, and by this only where it
   * had called that before.
   */
  onStreamReset?(reason: ResetReason): void;
  /**
   * The peer said how many streams it takes at once (SETTINGS_MAX_CONCURRENT_STREAMS), anew or with its first SETTINGS, also
   * where those set no limit. Never called by HTTP/1.1, which takes one.
   */
  onMaxConcurrentStreams(limit: number): void;
  /** The connection takes no more streams (`connection: close`, GOAWAY, or a protocol error); it closes after the active ones. */
  onGoAway(): void;
  /** The peer broke the protocol; the streams were reset with `protocol error` and the transport is destroyed. */
  onProtocolError(details: string): void;
}

/** What a pool asks of any client codec. Its bytes come by TransportReceiver. */
export interface ClientCodec {
  readonly protocol: Protocol;
  readonly activeStreams: number;
  /** How many streams it takes at once: 1 for HTTP/1.1; for HTTP/2 the smaller of both sides' limits. */
  readonly maxConcurrentStreams: number;
  /** Opens a stream. The caller keeps to `maxConcurrentStreams` and does not call after onGoAway. */
  newStream(receiver: ResponseReceiver): ClientStream;
}
