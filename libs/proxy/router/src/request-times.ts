import type { RequestHeaderMap } from '@weft/core-http';
import { formatGrpcTimeout, grpcTimeoutMs, type RequestOverrides } from '@weft/model-policy';
import { isGrpc, type ForwardAction } from '@weft/model-route';

/** How long parts of one request may take, in milliseconds; 0 is "no limit". */
export interface RequestTimes {
  /** From the complete request to the complete response, all attempts together. */
  readonly globalMs: number;
  /** From the stream of an attempt (or the complete request, if that is later) to its complete response. */
  readonly perTryMs: number;
  /** Between two events of an attempt's response. */
  readonly perTryIdleMs: number;
}

/** The route's times, or what the request's own headers ask for instead. Source: Envoy's FilterUtility::finalTimeout. */
export function requestTimes(
  action: ForwardAction,
  headers: RequestHeaderMap,
  overrides: RequestOverrides | undefined,
  respectExpected: boolean,
): RequestTimes {
  const { retryPolicy } = action;
  const expectedMs = respectExpected ? overrides?.expectedTimeoutMs : undefined;
  const globalMs = expectedMs ?? overrides?.timeoutMs ?? routeTimeoutMs(action, headers);
  const perTryMs = overrides?.perTryTimeoutMs ?? retryPolicy?.perTryTimeoutMs ?? 0;
  return {
    globalMs,
    // One try that may take longer than all of them has no limit of its own.
    perTryMs: globalMs !== 0 && perTryMs >= globalMs ? 0 : perTryMs,
    perTryIdleMs: retryPolicy?.perTryIdleTimeoutMs ?? 0,
  };
}

/** `max_grpc_timeout` lets gRPC requests ask for a timeout of their own; without one they have none, up to the maximum. */
function routeTimeoutMs(action: ForwardAction, headers: RequestHeaderMap): number {
  const { maxGrpcTimeoutMs: maxMs, grpcTimeoutOffsetMs: offsetMs } = action;
  if (maxMs === undefined || !isGrpc(headers)) return action.timeoutMs;
  let timeoutMs = grpcTimeoutMs(headers) ?? 0;
  // An offset that would leave nothing would leave "no limit", so it is not taken.
  if (offsetMs < timeoutMs) timeoutMs -= offsetMs;
  return maxMs !== 0 && (timeoutMs === 0 || timeoutMs > maxMs) ? maxMs : timeoutMs;
}

/** Tells the upstream how long this attempt will be waited for. `elapsedMs`: of the time for all attempts. */
export function setExpectedTimeout(
  headers: RequestHeaderMap,
  times: RequestTimes,
  elapsedMs: number,
  how: { readonly envoyHeader: boolean; readonly grpcHeader: boolean },
): void {
  const { globalMs, perTryMs } = times;
  let expectedMs = perTryMs === 0 ? globalMs : perTryMs;
  // Less than 1 ms is left: 0 would mean "no limit" to the upstream.
  if (globalMs > 0) expectedMs = Math.max(1, Math.min(expectedMs, globalMs - Math.floor(elapsedMs)));
  if (expectedMs <= 0) return;
  if (how.envoyHeader) headers.set('x-envoy-expected-rq-timeout-ms', String(Math.floor(expectedMs)));
  if (how.grpcHeader) headers.set('grpc-timeout', formatGrpcTimeout(Math.floor(expectedMs)));
}
