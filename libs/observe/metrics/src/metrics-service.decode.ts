import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { MetricsServiceConfig as Message } from '@weft/api-envoy/gen/envoy/config/metrics/v3/metrics_service_pb';
import { decodeGrpcService, grpcServiceSupport, type GrpcService } from '@weft/model-config-source';

export const METRICS_SERVICE = 'envoy.config.metrics.v3.MetricsServiceConfig';

export const metricsServiceSupport: FieldSupport = {
  ...grpcServiceSupport,
  [METRICS_SERVICE]: [
    'grpc_service', 'transport_api_version', 'report_counters_as_deltas', 'emit_tags_as_labels', 'histogram_emit_mode',
    'batch_size',
  ],
}; // prettier-ignore

/** Source: envoy.config.metrics.v3.MetricsServiceConfig. */
export interface MetricsServiceConfig {
  readonly kind: 'metrics_service';
  readonly service: GrpcService;
  /** Counters tell what came since the last flush, not all since the start. */
  readonly deltas: boolean;
  /** Names without their tags, which are labels. */
  readonly labels: boolean;
  readonly histograms: 'both' | 'summary' | 'histogram';
  /** How many families go in one message; 0: all. */
  readonly batchSize: number;
}

/** In the order of envoy.config.metrics.v3.HistogramEmitMode. */
const MODES = ['both', 'summary', 'histogram'] as const;

export function decodeMetricsService(message: Message, cx: DecodeContext): MetricsServiceConfig | undefined {
  const { grpcService, reportCountersAsDeltas, emitTagsAsLabels: labels, histogramEmitMode, batchSize } = message;
  const service = decodeGrpcService(grpcService, cx.at('grpc_service'));
  const histograms = MODES[histogramEmitMode] ?? 'both';
  const deltas = reportCountersAsDeltas ?? false;
  return service && { kind: 'metrics_service', service, deltas, labels, histograms, batchSize };
}
