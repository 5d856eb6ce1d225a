import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  CommonGrpcAccessLogConfig,
  HttpGrpcAccessLogConfig,
} from '@weft/api-envoy/gen/envoy/extensions/access_loggers/grpc/v3/als_pb';
import { decodeGrpcService, grpcServiceSupport } from '@weft/model-config-source';
import { durationMs } from '@weft/model-policy';
import type { GrpcLogConfig } from './grpc-log.ts';

const PACKAGE = 'envoy.extensions.access_loggers.grpc.v3.';
export const HTTP_GRPC = `${PACKAGE}HttpGrpcAccessLogConfig`;
export const TCP_GRPC = `${PACKAGE}TcpGrpcAccessLogConfig`;

export const grpcLogSupport: FieldSupport = {
  ...grpcServiceSupport,
  [HTTP_GRPC]: [
    'common_config', 'additional_request_headers_to_log', 'additional_response_headers_to_log',
    'additional_response_trailers_to_log',
  ],
  [TCP_GRPC]: ['common_config'],
  [`${PACKAGE}CommonGrpcAccessLogConfig`]: [
    'log_name', 'grpc_service', 'transport_api_version', 'buffer_flush_interval', 'buffer_size_bytes',
  ],
}; // prettier-ignore

const FLUSH_INTERVAL_MS = 1000;
const BUFFER_BYTES = 16_384;

type Additional = Pick<
  HttpGrpcAccessLogConfig,
  'additionalRequestHeadersToLog' | 'additionalResponseHeadersToLog' | 'additionalResponseTrailersToLog'
>;

/** A log that goes to a server. `message`: the config's own fields; `additional` absent: entries are of TCP. */
export function decodeGrpcLog(
  message: { readonly commonConfig?: CommonGrpcAccessLogConfig | undefined },
  additional: Additional | undefined,
  cx: DecodeContext,
): GrpcLogConfig | undefined {
  const common = message.commonConfig;
  const service = decodeGrpcService(common?.grpcService, cx.at('common_config', 'grpc_service'));
  if (common === undefined || service === undefined) return undefined;
  const lower = (names: readonly string[] = []): string[] => names.map((name) => name.toLowerCase());
  return {
    logName: common.logName,
    service,
    kind: additional === undefined ? 'tcp' : 'http',
    flushIntervalMs: durationMs(common.bufferFlushInterval, FLUSH_INTERVAL_MS),
    bufferBytes: common.bufferSizeBytes ?? BUFFER_BYTES,
    requestHeaders: lower(additional?.additionalRequestHeadersToLog),
    responseHeaders: lower(additional?.additionalResponseHeadersToLog),
    responseTrailers: lower(additional?.additionalResponseTrailersToLog),
  };
}
