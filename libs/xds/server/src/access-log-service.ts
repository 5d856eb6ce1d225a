import { toJson, type JsonObject, type Message } from '@bufbuild/protobuf';
import { registry } from '@weft/api-envoy';
import type { StreamAccessLogsMessage } from '@weft/api-envoy/gen/envoy/service/accesslog/v3/als_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { makeMessage } from './messages.ts';
import type { XdsNode } from './node.ts';
import { reportHandler } from './report-stream.ts';
import type { Admit } from './stream-context.ts';

export interface AccessLogBatch {
  /** The log's name in the proxy's configuration. */
  readonly logName: string;
  readonly kind: 'http' | 'tcp';
  /** How many entries there are. */
  readonly size: number;
  /** The youngest `count` of them, HTTPAccessLogEntry or TCPAccessLogEntry in JSON, under the names of the API. Made when asked for. */
  last(count: number): readonly JsonObject[];
}

export interface AccessLogSink {
  onAccessLogs(node: XdsNode, batch: AccessLogBatch): void;
}

/** envoy.service.accesslog.v3.AccessLogService: proxies send their access logs. `admit` as in LoadReportService. */
export function accessLogService(sink: AccessLogSink, admit?: Admit): GrpcServices {
  const names = new WeakMap<XdsNode, string>();
  const handler = reportHandler<StreamAccessLogsMessage>(
    {
      typeName: 'envoy.service.accesslog.v3.StreamAccessLogsMessage',
      nodeOf: ({ identifier }) => identifier?.node,
      onMessage: (node, { identifier, logEntries: entries }) => {
        // Only the first message of a stream must say which log it is.
        if (identifier !== undefined) names.set(node, identifier.logName);
        if (entries.case === undefined) return;
        const list: readonly Message[] = entries.value.logEntry;
        sink.onAccessLogs(node, {
          logName: names.get(node) ?? '',
          kind: entries.case === 'httpLogs' ? 'http' : 'tcp',
          size: list.length,
          last: (count) => (count <= 0 ? [] : list.slice(-count).map(jsonOf)),
        });
      },
      farewell: () => makeMessage('envoy.service.accesslog.v3.StreamAccessLogsResponse', {}),
    },
    admit,
  );
  return new Map([['/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs', handler]]);
}

function jsonOf(entry: Message): JsonObject {
  const schema = registry().getMessage(entry.$typeName);
  const options = { registry: registry(), useProtoFieldName: true };
  return schema === undefined ? {} : (toJson(schema, entry, options) as JsonObject);
}
