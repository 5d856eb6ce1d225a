import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  HealthCheck,
  HealthCheck_HttpHealthCheck,
  HealthCheck_Payload,
} from '@weft/api-envoy/gen/envoy/config/core/v3/health_check_pb';
import { durationMs } from '@weft/model-policy';
import type { HealthCheckConfig } from './health-check.ts';

const CORE = 'envoy.config.core.v3.';

export const healthCheckSupport: FieldSupport = {
  [`${CORE}HealthCheck`]: [
    'timeout', 'interval', 'interval_jitter', 'unhealthy_interval', 'unhealthy_threshold', 'healthy_threshold',
    'http_health_check', 'tcp_health_check', 'grpc_health_check',
  ],
  [`${CORE}HealthCheck.HttpHealthCheck`]: [
    'host', 'path', 'expected_statuses', 'retriable_statuses', 'codec_client_type', 'method',
  ],
  [`${CORE}HealthCheck.TcpHealthCheck`]: ['send', 'receive'],
  [`${CORE}HealthCheck.GrpcHealthCheck`]: ['service_name', 'authority'],
  [`${CORE}HealthCheck.Payload`]: ['text', 'binary'],
  'envoy.type.v3.Int64Range': ['start', 'end'],
}; // prettier-ignore

const HTTP2 = 1;
const OK: readonly [number, number] = [200, 201];
/** In the order of envoy.config.core.v3.RequestMethod. */
const METHODS = ['GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** Faults go to `cx`, which stands at the HealthCheck. */
export function decodeHealthCheck(message: HealthCheck, cx: DecodeContext): HealthCheckConfig | undefined {
  const check = decodeKind(message, cx);
  if (check === undefined) return undefined;
  const intervalMs = durationMs(message.interval, 0);
  return {
    timeoutMs: durationMs(message.timeout, 0),
    intervalMs,
    unhealthyIntervalMs: durationMs(message.unhealthyInterval, intervalMs),
    jitterMs: durationMs(message.intervalJitter, 0),
    unhealthyThreshold: message.unhealthyThreshold ?? 1,
    healthyThreshold: message.healthyThreshold ?? 1,
    check,
  };
}

function decodeKind({ healthChecker }: HealthCheck, cx: DecodeContext): HealthCheckConfig['check'] | undefined {
  switch (healthChecker.case) {
    case 'httpHealthCheck':
      return decodeHttp(healthChecker.value);
    case 'tcpHealthCheck': {
      const { send, receive } = healthChecker.value;
      const place = cx.at('tcp_health_check');
      const sent = send && payload(send, place.at('send'));
      return {
        kind: 'tcp',
        send: sent ?? new Uint8Array(),
        receive: receive.flatMap((one, i) => payload(one, place.at('receive', i)) ?? []),
      };
    }
    case 'grpcHealthCheck': {
      const { serviceName, authority } = healthChecker.value;
      return { kind: 'grpc', service: serviceName, authority };
    }
    default:
      cx.error('is of a kind that Weft does not have yet', {
        expected: 'http_health_check, tcp_health_check or grpc_health_check',
      });
      return undefined;
  }
}

function decodeHttp(http: HealthCheck_HttpHealthCheck): HealthCheckConfig['check'] {
  const { host, path, method, codecClientType, expectedStatuses, retriableStatuses } = http;
  const ranges = (list: HealthCheck_HttpHealthCheck['expectedStatuses']): (readonly [number, number])[] =>
    list.map(({ start, end }) => [Number(start), Number(end)] as const);
  return {
    kind: 'http',
    host,
    path,
    method: METHODS[method] ?? 'GET',
    http2: Number(codecClientType) === HTTP2,
    expected: expectedStatuses.length === 0 ? [OK] : ranges(expectedStatuses),
    retriable: ranges(retriableStatuses),
  };
}

/** Text is in hex digits, as Envoy has it. */
function payload({ payload: { case: kind, value } }: HealthCheck_Payload, cx: DecodeContext): Uint8Array | undefined {
  if (kind === 'binary') return value;
  if (kind === 'text' && /^(?:[0-9a-fA-F]{2})+$/.test(value)) return Buffer.from(value, 'hex');
  cx.error('is not in hex digits', { expected: 'text such as "ff00", or binary' });
  return undefined;
}
