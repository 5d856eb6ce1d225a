import { plainErrorReply, type ErrorReply } from './error-reply.ts';
import type { HeaderKeyFormat } from './header-key-format.ts';
import type { Http1Stats } from './stats.ts';

/** What codecs of both sides allow. */
export interface Http1Settings {
  /** Limit of the number of header fields. Default 100 (HttpProtocolOptions.max_headers_count). */
  readonly maxHeadersCount: number;
  /** Trailers are read and written; else they are dropped. Default false (Http1ProtocolOptions.enable_trailers). */
  readonly enableTrailers: boolean;
  /**
   * A Content-Length beside `Transfer-Encoding: chunked` is passed over and removed; else the message is refused. The
   * connection closes after it (RFC 9112 section 6.1). Default false (Http1ProtocolOptions.allow_chunked_length).
   */
  readonly allowChunkedLength: boolean;
  /** How field names are written, and whether those of peers are kept. Default `lower_case` (…header_key_format). */
  readonly headerKeyFormat: HeaderKeyFormat;
  /** Default none: nothing is counted. */
  readonly stats: Http1Stats | undefined;
}

/** What a server codec allows and how it answers. One value for each listener's filter chain, shared by its connections. */
export interface Http1ServerSettings extends Http1Settings {
  /** Limit of the request head in KiB; above it 431. Default 60 (HttpConnectionManager.max_request_headers_kb). */
  readonly maxRequestHeadersKb: number;
  /** HTTP/1.0 and 0.9 are served; else refused with 426. Default false (Http1ProtocolOptions.accept_http_10). */
  readonly acceptHttp10: boolean;
  /** The authority of an HTTP/1.0 request without Host; `''` refuses it (Http1ProtocolOptions.default_host_for_http_10). */
  readonly defaultHostForHttp10: string;
  /** `GET http://host/path` is taken apart; else its target is refused. Default true (Http1ProtocolOptions.allow_absolute_url). */
  readonly allowAbsoluteUrl: boolean;
  /** Any token is a method; else only those that Envoy knows. Default false (Http1ProtocolOptions.allow_custom_methods). */
  readonly allowCustomMethods: boolean;
  /** Protocols in `Upgrade` that are passed over, as `h2c` is. Default none (Http1ProtocolOptions.ignore_http_11_upgrade). */
  readonly ignoresUpgrade: ((protocol: string) => boolean) | undefined;
  /**
   * A request that was understood but must be refused (no Host, a bad one) does not end the connection. Default false
   * (Http1ProtocolOptions.override_stream_error_on_invalid_http_message, HttpConnectionManager.stream_error_…).
   */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  /** What happens to header names with `_`. Default `allow` (HttpProtocolOptions.headers_with_underscores_action). */
  readonly headersWithUnderscoresAction: 'allow' | 'reject' | 'drop';
  /** Whole responses that may wait for a client to read them before it may ask for more. Default 2, as Envoy. */
  readonly maxOutboundResponses: number;
  /** `:scheme` of requests in origin form: `https` where the client's connection is TLS. Default `http`. */
  readonly scheme: 'http' | 'https';
  /** The whole reply to a request that never became a stream, or whose body broke the protocol. Default: a plain one. */
  readonly errorReply: ErrorReply;
}

/** What a client codec allows. */
export interface Http1ClientSettings extends Http1Settings {
  /** Limit of the response head in KiB. Default 60 (HttpProtocolOptions.max_response_headers_kb). */
  readonly maxResponseHeadersKb: number;
  /** Requests carry their target in absolute form. Default false (Http1ProtocolOptions.send_fully_qualified_url). */
  readonly sendFullyQualifiedUrl: boolean;
}

const DEFAULTS: Http1Settings = {
  maxHeadersCount: 100,
  enableTrailers: false,
  allowChunkedLength: false,
  headerKeyFormat: 'lower_case',
  stats: undefined,
};

const SERVER_DEFAULTS: Http1ServerSettings = {
  ...DEFAULTS,
  maxRequestHeadersKb: 60,
  acceptHttp10: false,
  defaultHostForHttp10: '',
  allowAbsoluteUrl: true,
  allowCustomMethods: false,
  ignoresUpgrade: undefined,
  streamErrorOnInvalidHttpMessage: false,
  headersWithUnderscoresAction: 'allow',
  maxOutboundResponses: 2,
  scheme: 'http',
  errorReply: plainErrorReply,
};

const CLIENT_DEFAULTS: Http1ClientSettings = { ...DEFAULTS, maxResponseHeadersKb: 60, sendFullyQualifiedUrl: false };

/** Envoy's defaults with `changes`. */
export function http1ServerSettings(changes: Partial<Http1ServerSettings> = {}): Http1ServerSettings {
  return { ...SERVER_DEFAULTS, ...changes };
}

/** Envoy's defaults with `changes`. */
export function http1ClientSettings(changes: Partial<Http1ClientSettings> = {}): Http1ClientSettings {
  return { ...CLIENT_DEFAULTS, ...changes };
}
