import { ResponseFlag } from '@weft/core-http';
import type { ClusterRequestStats } from '@weft/proxy-filter-api';
import type { RouterReply } from './answers.ts';

/** What an attempt may outlast, in the words of %RESPONSE_CODE_DETAILS%. */
export type AttemptLimit =
  'upstream_per_try_timeout' | 'upstream_per_try_idle_timeout' | 'upstream_max_stream_duration_reached';

export function countLimit(stats: ClusterRequestStats, limit: AttemptLimit): void {
  if (limit === 'upstream_per_try_timeout') stats.upstreamRqPerTryTimeout.inc();
  else if (limit === 'upstream_per_try_idle_timeout') stats.upstreamRqPerTryIdleTimeout.inc();
  else stats.upstreamRqMaxDurationReached.inc();
}

/** What a client hears of it. */
export interface LimitWords {
  /** 504, or what the client asked for. */
  readonly timeoutStatus: number;
  /** Its own request is whole: it is not the one to blame for the duration. */
  readonly requestDone: boolean;
}

/** What a client hears where an attempt, or all of them together, took too long. */
export function limitReply(limit: AttemptLimit | 'response_timeout', words: LimitWords): RouterReply {
  const { timeoutStatus, requestDone } = words;
  if (limit === 'upstream_max_stream_duration_reached') {
    const flags = ResponseFlag.UpstreamMaxStreamDurationReached;
    return { status: requestDone ? 504 : 408, body: 'upstream max stream duration reached', details: limit, flags };
  }
  const body = timeoutStatus === 504 ? 'upstream request timeout' : '';
  return { status: timeoutStatus, body, details: limit, flags: ResponseFlag.UpstreamRequestTimeout };
}
