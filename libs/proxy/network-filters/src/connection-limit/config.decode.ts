import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { ConnectionLimit } from '@weft/api-envoy/gen/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb';
import { durationMs } from '@weft/model-policy';
import { runtimeFlagOf, type RuntimeFlag } from '../runtime-flag.decode.ts';

/** Source: ConnectionLimit v3. */
export interface ConnectionLimitConfig {
  readonly statPrefix: string;
  readonly maxConnections: number;
  /** How long a connection too many is held before it is closed; 0: not at all. */
  readonly delayMs: number;
  readonly enabled: RuntimeFlag;
}

export const connectionLimitSupport: FieldSupport = {
  'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit': [
    'stat_prefix', 'max_connections', 'delay', 'runtime_enabled',
  ],
  'envoy.config.core.v3.RuntimeFeatureFlag': ['default_value', 'runtime_key'],
}; // prettier-ignore

export function decodeConnectionLimit(message: ConnectionLimit, cx: DecodeContext): ConnectionLimitConfig | undefined {
  if (message.maxConnections === undefined) {
    cx.at('max_connections').error('is missing', { expected: 'a number from 1' });
    return undefined;
  }
  return {
    statPrefix: message.statPrefix,
    maxConnections: Number(message.maxConnections),
    delayMs: durationMs(message.delay, 0),
    enabled: runtimeFlagOf(message.runtimeEnabled),
  };
}
