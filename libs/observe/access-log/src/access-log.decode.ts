import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { AccessLog as AccessLogMessage } from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import type { FileAccessLog } from '@weft/api-envoy/gen/envoy/extensions/access_loggers/file/v3/file_pb';
import type { StdoutAccessLog } from '@weft/api-envoy/gen/envoy/extensions/access_loggers/stream/v3/stream_pb';
import type {
  HttpGrpcAccessLogConfig,
  TcpGrpcAccessLogConfig,
} from '@weft/api-envoy/gen/envoy/extensions/access_loggers/grpc/v3/als_pb';
import type { AccessLogConfig, FileLogConfig } from './access-log.ts';
import { decodeGrpcLog, grpcLogSupport, HTTP_GRPC, TCP_GRPC } from './grpc-log.decode.ts';
import type { GrpcLogConfig } from './grpc-log.ts';
import { DEFAULT_FORMAT } from './default-format.ts';
import { decodeFilter, filterSupport } from './filter.decode.ts';
import { decodeJsonFormat, decodeLogFormat, decodeTextFormat, formatSupport } from './format.decode.ts';
import type { LogFormat } from './formatter.ts';

const FILE = 'envoy.extensions.access_loggers.file.v3.FileAccessLog';
const STDOUT = 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog';
const STDERR = 'envoy.extensions.access_loggers.stream.v3.StderrAccessLog';

/** What is read here; the rest of these messages is reported by name. */
export const accessLogSupport: FieldSupport = {
  'envoy.config.accesslog.v3.AccessLog': ['name', 'filter', 'typed_config'],
  [FILE]: ['path', 'format', 'json_format', 'typed_json_format', 'log_format'],
  [STDOUT]: ['log_format'],
  [STDERR]: ['log_format'],
  ...grpcLogSupport,
  ...filterSupport,
  ...formatSupport,
};

/** A list of access logs; those with faults are left out, and the faults are in `cx`. */
export function decodeAccessLogs(messages: readonly AccessLogMessage[], cx: DecodeContext): AccessLogConfig[] {
  return messages.flatMap((message, i) => decodeAccessLog(message, cx.at(i)) ?? []);
}

function decodeAccessLog(message: AccessLogMessage, cx: DecodeContext): AccessLogConfig | undefined {
  const before = cx.faults.length;
  const sink = decodeSink(message, cx.at('typed_config'));
  const filter = message.filter === undefined ? undefined : decodeFilter(message.filter, cx.at('filter'));
  return sink === undefined || cx.faults.length > before ? undefined : { ...sink, filter };
}

function decodeSink(message: AccessLogMessage, cx: DecodeContext): FileLogConfig | { grpc: GrpcLogConfig } | undefined {
  const any = message.configType.case === 'typedConfig' ? message.configType.value : undefined;
  const config = cx.unpack(any);
  switch (config?.$typeName) {
    case undefined:
      return undefined;
    case FILE: {
      const file = config as FileAccessLog;
      return { path: file.path, format: decodeFileFormat(file, cx) ?? DEFAULT_FORMAT };
    }
    case STDOUT:
    case STDERR: {
      const { accessLogFormat } = config as StdoutAccessLog;
      const format =
        accessLogFormat.case === undefined ? undefined : decodeLogFormat(accessLogFormat.value, cx.at('log_format'));
      return { path: config.$typeName === STDOUT ? '/dev/stdout' : '/dev/stderr', format: format ?? DEFAULT_FORMAT };
    }
    case HTTP_GRPC: {
      const http = config as HttpGrpcAccessLogConfig;
      const grpc = decodeGrpcLog(http, http, cx);
      return grpc && { grpc };
    }
    case TCP_GRPC: {
      const grpc = decodeGrpcLog(config as TcpGrpcAccessLogConfig, undefined, cx);
      return grpc && { grpc };
    }
    default:
      // Requests are served the same without it, so it is a warning and not a fault.
      cx.warn(`${config?.$typeName} is not implemented by Weft yet: nothing is logged there`, {
        expected: `${FILE}, ${STDOUT}, ${STDERR}, ${HTTP_GRPC} or ${TCP_GRPC}`,
      });
      return undefined;
  }
}

function decodeFileFormat({ accessLogFormat }: FileAccessLog, cx: DecodeContext): LogFormat | undefined {
  switch (accessLogFormat.case) {
    case 'format':
      return accessLogFormat.value === '' ? undefined : decodeTextFormat(accessLogFormat.value, cx.at('format'));
    case 'jsonFormat':
      return decodeJsonFormat(accessLogFormat.value, cx.at('json_format'));
    case 'typedJsonFormat':
      return decodeJsonFormat(accessLogFormat.value, cx.at('typed_json_format'));
    case 'logFormat':
      return decodeLogFormat(accessLogFormat.value, cx.at('log_format'));
    case undefined:
      return undefined;
  }
}
