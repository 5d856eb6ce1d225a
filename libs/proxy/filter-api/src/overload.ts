/** What a timer of the data plane is, for the action that shortens timers. Source: ScaleTimersOverloadActionConfig.TimerType. */
export type ScaledTimer =
  | 'HTTP_DOWNSTREAM_CONNECTION_IDLE'
  | 'HTTP_DOWNSTREAM_STREAM_IDLE'
  | 'TRANSPORT_SOCKET_CONNECT'
  | 'HTTP_DOWNSTREAM_CONNECTION_MAX'
  | 'HTTP_DOWNSTREAM_STREAM_FLUSH';

/** Places where single pieces of work may be refused. Source: envoy.load_shed_points.*, without that prefix. */
export type LoadShedPoint =
  | 'tcp_listener_accept'
  | 'http_connection_manager_decode_headers'
  | 'http_downstream_filter_check'
  | 'http1_server_abort_dispatch'
  | 'http2_server_go_away_on_dispatch'
  | 'http2_server_go_away_and_close_on_dispatch'
  | 'hcm_ondata_creating_codec'
  | 'connection_pool_new_connection';

/**
 * How loaded the process is, as the overload manager last found: plain fields, since they are asked for on every request
 * and connection. Source: envoy.config.overload.v3.OverloadManager; the actions `envoy.overload_actions.*`.
 */
export interface OverloadState {
  /** Listeners accept nothing: clients wait in the kernel's queue. Listeners are told by `onChange`. */
  readonly stopAcceptingConnections: boolean;
  /** A scaled trigger: the share (0 to 1) of new connections to close at once. 1 while the action is saturated. */
  readonly rejectIncomingConnections: number;
  /** The share (0 to 1) of new requests to answer with 503 `overload` (HCM), drawn per request by `shed`. */
  readonly stopAcceptingRequests: number;
  /** The share (0 to 1) of responses that close an HTTP/1 connection, or send GOAWAY on an HTTP/2 one. */
  readonly disableHttpKeepalive: number;
  /** True with the probability `share`. */
  draw(share: number): boolean;
  /** `ms` or what reduce_timeouts makes of it now. */
  timeoutMs(timer: ScaledTimer, ms: number): number;
  /** True where this piece of work is to be refused; counts it. */
  shed(point: LoadShedPoint): boolean;
  /** A connection of a listener that counts towards the limit of the process; false: refuse it. Each true is ended by `released`. */
  admitConnection(): boolean;
  releaseConnection(): void;
  /** Calls `listener` whenever `stopAcceptingConnections` turns; returns what ends that. */
  onChange(listener: () => void): () => void;
}
