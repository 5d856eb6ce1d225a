import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { durationMs } from '@weft/model-policy';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

export const accessLogOptionsSupport: FieldSupport = {
  [HCM]: ['access_log_options', 'access_log_flush_interval', 'flush_access_log_on_new_request'],
  [`${HCM}.HcmAccessLogOptions`]: [
    'access_log_flush_interval',
    'flush_access_log_on_new_request',
    'flush_log_on_tunnel_successfully_established',
  ],
};

/** When lines of log are written beside the one at the end. */
export interface AccessLogOptions {
  /** Milliseconds from one line to the next; 0: none. */
  readonly intervalMs: number;
  /** When the head of a request was judged, before filters see it. */
  readonly onNewRequest: boolean;
  /** When an upgrade or CONNECT was answered with success. */
  readonly onTunnel: boolean;
}

/** Source: HttpConnectionManager.access_log_options, and the fields that it replaces. */
export function decodeAccessLogOptions(message: HttpConnectionManager, cx: DecodeContext): AccessLogOptions {
  const { accessLogOptions: options } = message;
  const twice = message.accessLogFlushInterval !== undefined || message.flushAccessLogOnNewRequest;
  if (options !== undefined && twice)
    cx.at('access_log_options').error('is set together with the field that it replaces', {
      expected: 'access_log_options alone',
    });
  const { accessLogFlushInterval, flushAccessLogOnNewRequest } = options ?? message;
  return {
    intervalMs: durationMs(accessLogFlushInterval, 0),
    onNewRequest: flushAccessLogOnNewRequest,
    onTunnel: options?.flushLogOnTunnelSuccessfullyEstablished ?? false,
  };
}
