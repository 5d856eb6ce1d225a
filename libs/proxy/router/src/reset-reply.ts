import type { ResetReason } from '@weft/core-http';
import type { RouterReply } from './answers.ts';
import { resetDetails, resetFlag } from './reset-flag.ts';

/** What a client hears of an attempt that broke off. */
export function resetReply(reset: {
  readonly reason: ResetReason;
  readonly status: number;
  readonly transportFailure: string;
  /** The response had begun. */
  readonly started: boolean;
  /** It was not the first attempt. */
  readonly retried: boolean;
}): RouterReply {
  const { reason, status, transportFailure, started, retried } = reset;
  const again = retried ? 'retried and the latest ' : '';
  return {
    status,
    body: `upstream connect error or disconnect/reset before headers. ${again}reset reason: ${reason}`,
    details: resetDetails(reason, transportFailure, started),
    flags: resetFlag(reason),
    marker: reason === 'overflow' ? 'x-envoy-overloaded' : undefined,
  };
}
