import { ResponseFlag, type ResetReason } from '@weft/core-http';

/** The response flag that tells a reset of this kind. Source: Envoy's Router::Filter::streamResetReasonToResponseFlag. */
export function resetFlag(reason: ResetReason): number {
  switch (reason) {
    case 'local connection failure':
    case 'remote connection failure':
    case 'connection timeout':
      return ResponseFlag.UpstreamConnectionFailure;
    case 'connection termination':
      return ResponseFlag.UpstreamConnectionTermination;
    case 'local reset':
    case 'local refused stream reset':
    case 'HTTP/1 premature upstream half close':
      return ResponseFlag.LocalReset;
    case 'overflow':
      return ResponseFlag.UpstreamOverflow;
    case 'remote reset':
    case 'remote refused stream reset':
      return ResponseFlag.UpstreamRemoteReset;
    case 'protocol error':
      return ResponseFlag.UpstreamProtocolError;
  }
}

/** %RESPONSE_CODE_DETAILS% of a reset; it holds no spaces, so that it stays one word in a log. */
export function resetDetails(reason: ResetReason, transportFailure: string, responseStarted: boolean): string {
  const when = responseStarted ? 'upstream_reset_after_response_started' : 'upstream_reset_before_response_started';
  const cause = transportFailure === '' ? reason : `${reason}|${transportFailure}`;
  return `${when}{${cause}}`.replaceAll(' ', '_');
}
