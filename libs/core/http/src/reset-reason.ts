/**
 * Why a stream ended early, in the words that Envoy puts into local replies (`reset reason: …`).
 * Source: Envoy's Http::StreamResetReason.
 */
export type ResetReason =
  | 'local reset'
  | 'local refused stream reset'
  | 'remote reset'
  | 'remote refused stream reset'
  | 'local connection failure'
  | 'remote connection failure'
  | 'connection timeout'
  | 'connection termination'
  | 'overflow'
  | 'protocol error'
  | 'HTTP/1 premature upstream half close';
