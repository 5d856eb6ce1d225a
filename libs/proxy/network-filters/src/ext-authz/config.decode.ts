import type { Message } from '@bufbuild/protobuf';
import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { ExtAuthz } from '@weft/api-envoy/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import { decodeGrpcService, grpcServiceSupport, type GrpcService } from '@weft/model-config-source';
import { durationMs } from '@weft/model-policy';
import { decodeMetadataMatcher, rbacSupport, type MetadataMatcher } from '@weft/model-rbac';

export const EXT_AUTHZ_TYPE = 'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz';
const DEFAULT_TIMEOUT_MS = 200;
/** Envoy's enum by number: config.core.v3.ApiVersion. */
const API_V2 = 1;

/** Source: ExtAuthz v3 of network filters. */
export interface ExtAuthzConfig {
  readonly statPrefix: string;
  /** Undefined: nobody is named, so every question fails. */
  readonly service: GrpcService | undefined;
  /** How long one question may take, in milliseconds; 0: no limit. Default 200. */
  readonly timeoutMs: number;
  readonly failureModeAllow: boolean;
  readonly includePeerCertificate: boolean;
  readonly includeTlsSession: boolean;
  /** Undefined: every connection is asked about. */
  readonly enabledMetadata: MetadataMatcher | undefined;
  readonly labelsKey: string;
  readonly metadataNamespaces: readonly string[];
}

export const extAuthzSupport: FieldSupport = mergeSupport([
  {
    [EXT_AUTHZ_TYPE]: [
      'stat_prefix', 'grpc_service', 'failure_mode_allow', 'include_peer_certificate', 'transport_api_version',
      'filter_enabled_metadata', 'bootstrap_metadata_labels_key', 'include_tls_session', 'metadata_context_namespaces',
    ],
  },
  grpcServiceSupport,
  rbacSupport,
]); // prettier-ignore

export function decodeExtAuthz(input: Message, cx: DecodeContext): ExtAuthzConfig | undefined {
  const message = input as ExtAuthz;
  const before = cx.faults.length;
  const { grpcService, filterEnabledMetadata: enabled } = message;
  // As Envoy takes a filter that names nobody, it is no fault.
  if (grpcService === undefined)
    cx.at('grpc_service').warn('is missing: every question fails', { expected: 'whom to ask' });
  const service = grpcService && decodeGrpcService(grpcService, cx.at('grpc_service'));
  if (message.transportApiVersion === API_V2)
    cx.at('transport_api_version').error('is a version of the API that no proxy speaks any more', { expected: 'V3' });
  const config: ExtAuthzConfig = {
    service,
    statPrefix: message.statPrefix,
    timeoutMs: durationMs(grpcService?.timeout, DEFAULT_TIMEOUT_MS),
    failureModeAllow: message.failureModeAllow,
    includePeerCertificate: message.includePeerCertificate,
    includeTlsSession: message.includeTlsSession,
    enabledMetadata: enabled && decodeMetadataMatcher(enabled, cx.at('filter_enabled_metadata')),
    labelsKey: message.bootstrapMetadataLabelsKey,
    metadataNamespaces: message.metadataContextNamespaces,
  };
  return cx.faults.length > before ? undefined : config;
}
