import type { StreamMetricsMessage } from '@weft/api-envoy/gen/envoy/service/metrics/v3/metrics_service_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { makeMessage } from './messages.ts';
import { decodeMetricFamily } from './metric-family.decode.ts';
import type { MetricFamily } from './metric-family.ts';
import type { XdsNode } from './node.ts';
import { reportHandler } from './report-stream.ts';
import type { Admit } from './stream-context.ts';

export interface MetricsSink {
  onMetrics(node: XdsNode, families: readonly MetricFamily[]): void;
}

/** envoy.service.metrics.v3.MetricsService: proxies send their stats. `admit` as in LoadReportService. */
export function metricsService(sink: MetricsSink, admit?: Admit): GrpcServices {
  const handler = reportHandler<StreamMetricsMessage>(
    {
      typeName: 'envoy.service.metrics.v3.StreamMetricsMessage',
      nodeOf: ({ identifier }) => identifier?.node,
      onMessage: (node, { envoyMetrics }) => {
        if (envoyMetrics.length > 0) sink.onMetrics(node, envoyMetrics.map(decodeMetricFamily));
      },
      farewell: () => makeMessage('envoy.service.metrics.v3.StreamMetricsResponse', {}),
    },
    admit,
  );
  return new Map([['/envoy.service.metrics.v3.MetricsService/StreamMetrics', handler]]);
}
