import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { MetricsServiceConfig as MetricsServiceMessage } from '@weft/api-envoy/gen/envoy/config/metrics/v3/metrics_service_pb';
import type {
  DogStatsdSink as DogMessage,
  StatsdSink as StatsdMessage,
  StatsSink as SinkMessage,
} from '@weft/api-envoy/gen/envoy/config/metrics/v3/stats_pb';
import {
  decodeMetricsService,
  METRICS_SERVICE,
  metricsServiceSupport,
  type MetricsServiceConfig,
} from './metrics-service.decode.ts';
import {
  decodeDogStatsd,
  decodeStatsd,
  DOG_STATSD,
  STATSD,
  statsdSupport,
  type StatsdConfig,
} from './statsd.decode.ts';

export type StatsSinkConfig = MetricsServiceConfig | StatsdConfig;

export const statsSinkSupport: FieldSupport = mergeSupport([
  metricsServiceSupport,
  statsdSupport,
  { 'envoy.config.metrics.v3.StatsSink': ['name', 'typed_config'] },
]);

/** `stats_sinks`: those that Weft has. Others are reported: requests are served the same without them. */
export function decodeStatsSinks(messages: readonly SinkMessage[], cx: DecodeContext): StatsSinkConfig[] {
  return messages.flatMap((sink, i) => {
    const place = cx.at(i, 'typed_config');
    const config = place.unpack(sink.configType.value);
    switch (config?.$typeName) {
      case undefined:
        return [];
      case METRICS_SERVICE:
        return decodeMetricsService(config as MetricsServiceMessage, place) ?? [];
      case STATSD:
        return decodeStatsd(config as StatsdMessage, place) ?? [];
      case DOG_STATSD:
        return decodeDogStatsd(config as DogMessage, place) ?? [];
      default:
        place.warn(`${config?.$typeName ?? ''} is not implemented by Weft yet: no stats go there`, {
          expected: `${METRICS_SERVICE}, ${STATSD} or ${DOG_STATSD}`,
        });
        return [];
    }
  });
}
