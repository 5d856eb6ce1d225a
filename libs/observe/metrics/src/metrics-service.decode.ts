import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { MetricsServiceConfig as Message } from '@weft/api-envoy/gen/envoy/config/metrics/v3/metrics_service_pb';
import type { StatsSink as SinkMessage } from '@weft/api-envoy/gen/envoy/config/metrics/v3/stats_pb';
import { decodeGrpcService, grpcServiceSupport, type GrpcService } from '@weft/model-config-source';

const METRICS_SERVICE = 'envoy.config.metrics.v3.MetricsServiceConfig';

export const statsSinkSupport: FieldSupport = {
  ...grpcServiceSupport,
  'envoy.config.metrics.v3.StatsSink': ['name', 'typed_config'],
  [METRICS_SERVICE]: [
    'grpc_service', 'transport_api_version', 'report_counters_as_deltas', 'emit_tags_as_labels', 'histogram_emit_mode',
    'batch_size',
  ],
}; // prettier-ignore

/** Source: envoy.config.metrics.v3.MetricsServiceConfig. */
export interface MetricsServiceConfig {
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

/** `stats_sinks`: those that Weft has. Others are reported: requests are served the same without them. */
export function decodeStatsSinks(messages: readonly SinkMessage[], cx: DecodeContext): MetricsServiceConfig[] {
  return messages.flatMap((sink, i) => {
    const place = cx.at(i, 'typed_config');
    const config = place.unpack(sink.configType.value);
    if (config === undefined) return [];
    if (config.$typeName !== METRICS_SERVICE) {
      place.warn(`${config.$typeName} is not implemented by Weft yet: no stats go there`, {
        expected: METRICS_SERVICE,
      });
      return [];
    }
    const { grpcService, reportCountersAsDeltas, emitTagsAsLabels, histogramEmitMode, batchSize } = config as Message;
    const service = decodeGrpcService(grpcService, place.at('grpc_service'));
    if (service === undefined) return [];
    const histograms = MODES[histogramEmitMode] ?? 'both';
    return [{ service, deltas: reportCountersAsDeltas ?? false, labels: emitTagsAsLabels, histograms, batchSize }];
  });
}
