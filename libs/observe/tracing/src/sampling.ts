import type { RequestHeaderMap, StreamInfo } from '@weft/core-http';
import type { FractionalPercent, RuntimeSnapshot } from '@weft/core-runtime';

/** Why a request is traced, or that it is not. Source: Envoy's Tracing::Reason. */
export type TraceReason = 'not_traceable' | 'sampling' | 'service_forced' | 'client_forced';

/** How many of the requests are traced. Sources: HttpConnectionManager.Tracing and envoy.config.route.v3.Tracing. */
export interface Sampling {
  /** Of those with an x-client-trace-id. Runtime key `tracing.client_enabled`. */
  readonly clientSampling: FractionalPercent;
  /** Of all others. Runtime key `tracing.random_sampling`. */
  readonly randomSampling: FractionalPercent;
  /** Of those chosen by either. Runtime key `tracing.global_enabled`. */
  readonly overallSampling: FractionalPercent;
}

// The 15th character of a request id is the version digit of its UUID: it carries the decision from one proxy to the next.
const REASON_AT = 14;
const UUID_LENGTH = 36;
const CHARACTERS: Readonly<Record<TraceReason, string>> = {
  not_traceable: '4',
  sampling: '9',
  service_forced: 'a',
  client_forced: 'b',
};

/**
 * Decides whether this request is traced, once for all proxies on its way: an earlier decision stands in x-request-id, a new
 * one is written there. The draw comes from the id too, so that every proxy would draw the same.
 */
export function decideSampling(
  headers: RequestHeaderMap,
  info: StreamInfo,
  { sampling, flags }: { readonly sampling: Sampling; readonly flags: RuntimeSnapshot },
): TraceReason {
  const requestId = headers.get('x-request-id');
  const number = requestId === undefined ? NaN : parseInt(requestId.slice(0, 8), 16);
  if (requestId === undefined || Number.isNaN(number)) return 'not_traceable';
  const draw = number % 10_000;
  const before = reasonOf(requestId);
  let reason = before;
  if (reason === 'not_traceable') reason = newReason(headers, { sampling, flags, draw });
  if (reason !== 'not_traceable' && !flags.enabled('tracing.global_enabled', sampling.overallSampling, draw)) {
    reason = 'not_traceable';
  }
  if (reason !== before && requestId.length === UUID_LENGTH) {
    const marked = requestId.slice(0, REASON_AT) + CHARACTERS[reason] + requestId.slice(REASON_AT + 1);
    headers.set('x-request-id', marked);
    info.requestId = marked;
  }
  return reason;
}

function newReason(
  headers: RequestHeaderMap,
  { sampling, flags, draw }: { sampling: Sampling; flags: RuntimeSnapshot; draw: number },
): TraceReason {
  if (headers.has('x-client-trace-id') && flags.enabled('tracing.client_enabled', sampling.clientSampling, draw)) {
    return 'client_forced';
  }
  if (headers.has('x-envoy-force-trace')) return 'service_forced';
  return flags.enabled('tracing.random_sampling', sampling.randomSampling, draw) ? 'sampling' : 'not_traceable';
}

function reasonOf(requestId: string): TraceReason {
  if (requestId.length !== UUID_LENGTH) return 'not_traceable';
  switch (requestId.charAt(REASON_AT)) {
    case '9':
      return 'sampling';
    case 'a':
      return 'service_forced';
    case 'b':
      return 'client_forced';
    default:
      return 'not_traceable';
  }
}
