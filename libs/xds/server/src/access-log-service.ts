import { toJson, type JsonObject, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { StreamAccessLogsMessage } from '@weft/api-envoy/gen/envoy/service/accesslog/v3/als_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { makeMessage } from './messages.ts';
import type { XdsNode } from './node.ts';
import { reportHandler } from './report-stream.ts';

export interface AccessLogBatch {
  /** The log's name in the proxy's configuration. */
  readonly logName: string;
  readonly kind: 'http' | 'tcp';
  /** HTTPAccessLogEntry or TCPAccessLogEntry in JSON. */
  readonly entries: readonly JsonObject[];
}

export interface AccessLogSink {
  onAccessLogs(node: XdsNode, batch: AccessLogBatch): void;
}

/** envoy.service.accesslog.v3.AccessLogService: proxies send their access logs. */
export function accessLogService(sink: AccessLogSink): GrpcServices {
  const names = new WeakMap<XdsNode, string>();
  const handler = reportHandler<StreamAccessLogsMessage>({
    typeName: 'envoy.service.accesslog.v3.StreamAccessLogsMessage',
    nodeOf: ({ identifier }) => identifier?.node,
    onMessage: (node, { identifier, logEntries: entries }) => {
      // Only the first message of a stream must say which log it is.
      if (identifier !== undefined) names.set(node, identifier.logName);
      if (entries.case === undefined) return;
      const kind = entries.case === 'httpLogs' ? 'http' : 'tcp';
      sink.onAccessLogs(node, { logName: names.get(node) ?? '', kind, entries: entries.value.logEntry.map(jsonOf) });
    },
    farewell: () => makeMessage('envoy.service.accesslog.v3.StreamAccessLogsResponse', {}),
  });
  return new Map([['/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs', handler]]);
}

function jsonOf(entry: Message): JsonObject {
  const schema = registry().getMessage(entry.$typeName);
  return schema === undefined ? {} : (toJson(schema, entry, { registry: registry() }) as JsonObject);
}
