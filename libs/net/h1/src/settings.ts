import { plainErrorReply, type ErrorReply } from './error-reply.ts';

/** What a server codec allows and how it answers. One value for each listener's filter chain, shared by its connections. */
export interface Http1ServerSettings {
  /** Limit of the request head in KiB; above it 431. Default 60 (HttpConnectionManager.max_request_headers_kb). */
  readonly maxRequestHeadersKb: number;
  /** Limit of the number of header fields; above it 431. Default 100 (HttpProtocolOptions.max_headers_count). */
  readonly maxHeadersCount: number;
  /** Trailers are read and written; else they are dropped. Default false (Http1ProtocolOptions.enable_trailers). */
  readonly enableTrailers: boolean;
  /** HTTP/1.0 requests are served; else refused with 426. Default false (Http1ProtocolOptions.accept_http_10). */
  readonly acceptHttp10: boolean;
  /** The authority of an HTTP/1.0 request without Host; `''` refuses it (Http1ProtocolOptions.default_host_for_http_10). */
  readonly defaultHostForHttp10: string;
  /** `GET http://host/path` is taken apart; else its target is refused. Default true (Http1ProtocolOptions.allow_absolute_url). */
  readonly allowAbsoluteUrl: boolean;
  /** What happens to header names with `_`. Default `allow` (HttpProtocolOptions.headers_with_underscores_action). */
  readonly headersWithUnderscoresAction: 'allow' | 'reject' | 'drop';
  /** `:scheme` of requests in origin form: `https` where the client's connection is TLS. Default `http`. */
  readonly scheme: 'http' | 'https';
  /** The whole reply to a request that never became a stream, or whose body broke the protocol. Default: a plain one. */
  readonly errorReply: ErrorReply;
}

/** What a client codec allows. */
export interface Http1ClientSettings {
  /** Limit of the response head in KiB. Default 60 (HttpProtocolOptions.max_response_headers_kb). */
  readonly maxResponseHeadersKb: number;
  /** Limit of the number of header fields. Default 100 (HttpProtocolOptions.max_headers_count). */
  readonly maxHeadersCount: number;
  /** Trailers are read and written; else they are dropped. Default false (Http1ProtocolOptions.enable_trailers). */
  readonly enableTrailers: boolean;
}

const SERVER_DEFAULTS: Http1ServerSettings = {
  maxRequestHeadersKb: 60,
  maxHeadersCount: 100,
  enableTrailers: false,
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  headersWithUnderscoresAction: 'allow',
  scheme: 'http',
  errorReply: plainErrorReply,
};

const CLIENT_DEFAULTS: Http1ClientSettings = { maxResponseHeadersKb: 60, maxHeadersCount: 100, enableTrailers: false };

/** Envoy's defaults with `changes`. */
export function http1ServerSettings(changes: Partial<Http1ServerSettings> = {}): Http1ServerSettings {
  return { ...SERVER_DEFAULTS, ...changes };
}

/** Envoy's defaults with `changes`. */
export function http1ClientSettings(changes: Partial<Http1ClientSettings> = {}): Http1ClientSettings {
  return { ...CLIENT_DEFAULTS, ...changes };
}
