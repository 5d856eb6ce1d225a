/**
 * Why a message was refused, in the words of Envoy's %RESPONSE_CODE_DETAILS%. Envoy has one word for most faults of syntax
 * (`http1.codec_error`); the names tell them apart here. What Envoy lets pass, or never sees, has words in its style.
 */
export const Details = {
  codecError: 'http1.codec_error',
  invalidMethod: 'http1.codec_error',
  invalidTarget: 'http1.codec_error',
  invalidContentLength: 'http1.codec_error',
  invalidChunk: 'http1.codec_error',
  invalidTrailer: 'http1.codec_error',
  invalidUrl: 'http1.invalid_url',
  invalidScheme: 'http1.invalid_scheme',
  fragmentInPath: 'path_normalization_failed',
  invalidCharacters: 'http1.invalid_characters',
  invalidUnderscore: 'http1.unexpected_underscore',
  headersTooLarge: 'http1.headers_too_large',
  tooManyHeaders: 'http1.too_many_headers',
  tooManyTrailers: 'http1.too_many_trailers',
  contentLengthAndChunked: 'http1.content_length_and_chunked_not_allowed',
  contentLengthNotAllowed: 'http1.content_length_not_allowed',
  invalidTransferEncoding: 'http1.invalid_transfer_encoding',
  transferEncodingNotAllowed: 'http1.transfer_encoding_not_allowed',
  disguisedFraming: 'http1.disguised_framing_header',
  bodyDisallowed: 'http1.body_disallowed',
  connectionHeader: 'http1.connection_header_rejected',
  missingHost: 'missing_host_header',
  invalidHost: 'http.invalid_authority',
  lowVersion: 'low_version',
  unexpectedData: 'http1.unexpected_data',
  unexpectedUpgrade: 'http1.unexpected_upgrade',
  tooManyInterimResponses: 'http1.too_many_interim_responses',
  responseFlood: 'http1.response_flood',
  /** The connection manager's, which has the codec's words written. */
  requestHeaderTimeout: 'request_header_timeout',
} as const;
export type Details = (typeof Details)[keyof typeof Details];
