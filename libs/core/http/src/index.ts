export { HeaderMap, RequestHeaderMap, ResponseHeaderMap, type HeaderSpelling } from './header-map.ts';
export { FieldJoiner, JOINED_REQUEST_HEADERS, JOINED_RESPONSE_HEADERS } from './repeated-headers.ts';
export type {
  ClientCodec,
  ClientCodecCallbacks,
  ClientStream,
  CodecStream,
  Protocol,
  RequestReceiver,
  ResponseReceiver,
  ServerCodec,
  ServerCodecCallbacks,
  ServerStream,
  StreamReceiver,
  StreamSink,
  StreamSource,
} from './stream.ts';
export { WireBytes } from './wire-bytes.ts';
export type { ResetReason } from './reset-reason.ts';
export {
  ResponseFlag,
  RESPONSE_FLAGS,
  responseFlagsLong,
  responseFlagsShort,
  type ResponseFlagName,
} from './response-flags.ts';
export {
  type AccessLogType,
  StreamInfo,
  addConnectionMetadata,
  nextConnectionId,
  socketAddress,
  type ClusterFacts,
  type ConnectionMetadata,
  type DownstreamConnection,
  type FilterStateTexts,
  type Metadata,
  type ResetBy,
  type SocketAddress,
  type UpstreamConnectionFacts,
} from './stream-info.ts';
export type { PeerCertificate, TlsConnectionInfo } from './tls-connection-info.ts';
