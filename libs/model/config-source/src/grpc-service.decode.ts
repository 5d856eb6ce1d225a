import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { GrpcService as Message } from '@weft/api-envoy/gen/envoy/config/core/v3/grpc_service_pb';
import { durationMs } from '@weft/model-policy';
import type { GrpcService } from './grpc-service.ts';

export const grpcServiceSupport: FieldSupport = {
  'envoy.config.core.v3.GrpcService': ['envoy_grpc', 'google_grpc', 'timeout', 'initial_metadata'],
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': [
    'cluster_name',
    'authority',
    'skip_envoy_headers',
    'max_receive_message_length',
  ],
  'envoy.config.core.v3.GrpcService.GoogleGrpc': ['target_uri', 'stat_prefix'],
  'envoy.config.core.v3.HeaderValue': ['key', 'value'],
};

/** Whom a gRPC client calls. Faults go to `cx`, which stands at the GrpcService. */
export function decodeGrpcService(message: Message | undefined, cx: DecodeContext): GrpcService | undefined {
  const { case: kind, value } = message?.targetSpecifier ?? { case: undefined };
  if (message === undefined || kind === undefined) {
    cx.error('names nobody to call', { expected: 'envoy_grpc with a cluster, or google_grpc with an address' });
    return undefined;
  }
  const base = {
    timeoutMs: durationMs(message.timeout, 0),
    initialMetadata: message.initialMetadata.map(({ key, value: text }) => [key.toLowerCase(), text] as const),
  };
  if (kind === 'envoyGrpc') {
    const { clusterName: cluster, authority, skipEnvoyHeaders, maxReceiveMessageLength: maxReceiveBytes = 0 } = value;
    return {
      ...base,
      kind: 'cluster',
      cluster,
      authority: authority === '' ? cluster : authority,
      ...(skipEnvoyHeaders ? { skipEnvoyHeaders } : {}),
      ...(maxReceiveBytes === 0 ? {} : { maxReceiveBytes }),
    };
  }
  const { targetUri, statPrefix, channelCredentials, credentialsFactoryName } = value;
  const place = cx.at('google_grpc');
  // Without its credentials the call would say in the clear what was to be secret.
  const secured = channelCredentials !== undefined || value.channelCredentialsPlugin.length > 0;
  if (secured)
    place.at('channel_credentials').later('', { expected: 'envoy_grpc, whose cluster has a transport_socket' });
  if (value.callCredentials.length > 0 || value.callCredentialsPlugin.length > 0 || credentialsFactoryName !== '')
    place.at('call_credentials').later('', { expected: 'initial_metadata' });
  return { ...base, kind: 'target', targetUri, statPrefix };
}
