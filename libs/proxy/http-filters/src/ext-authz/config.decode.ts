import type { Message } from '@bufbuild/protobuf';
import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  BufferSettings,
  ExtAuthz,
  ExtAuthzPerRoute,
} from '@weft/api-envoy/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { grpcServiceSupport } from '@weft/model-config-source';
import { supported as matchSupport } from '@weft/model-match';
import { decodeFraction, supported as policySupport } from '@weft/model-policy';
import { decodeMetadataMatcher, rbacSupport } from '@weft/model-rbac';
import { ExtAuthzRouteConfig, type BodyConfig, type ExtAuthzConfig } from './config.ts';
import { decodeMutationRules, mutationRulesSupport } from './mutation-rules.decode.ts';
import { decodeNames, decodeService, serviceSupport } from './service.decode.ts';

const PACKAGE = 'envoy.extensions.filters.http.ext_authz.v3.';
export const EXT_AUTHZ_TYPE = `${PACKAGE}ExtAuthz`;
export const EXT_AUTHZ_ROUTE_TYPE = `${PACKAGE}ExtAuthzPerRoute`;

export const extAuthzSupport: FieldSupport = mergeSupport([
  {
    [EXT_AUTHZ_TYPE]: [
      'grpc_service', 'http_service', 'transport_api_version', 'failure_mode_allow', 'failure_mode_allow_header_add',
      'with_request_body', 'clear_route_cache', 'clear_route_cache_headers', 'status_on_error', 'validate_mutations',
      'metadata_context_namespaces', 'route_metadata_context_namespaces', 'filter_enabled', 'filter_enabled_metadata',
      'deny_at_disable', 'include_peer_certificate', 'stat_prefix', 'bootstrap_metadata_labels_key', 'allowed_headers',
      'disallowed_headers', 'include_tls_session', 'charge_cluster_response_stats', 'encode_raw_headers',
      'enable_dynamic_metadata_ingestion', 'max_denied_response_body_bytes', 'decoder_header_mutation_rules',
    ],
    [EXT_AUTHZ_ROUTE_TYPE]: ['disabled', 'check_settings'],
    [`${PACKAGE}BufferSettings`]: ['max_request_bytes', 'allow_partial_message', 'pack_as_bytes'],
    [`${PACKAGE}CheckSettings`]: [
      'context_extensions', 'disable_request_body_buffering', 'with_request_body', 'grpc_service', 'http_service',
    ],
    'envoy.type.v3.HttpStatus': ['code'],
    'envoy.config.core.v3.RuntimeFractionalPercent': ['default_value', 'runtime_key'],
    'envoy.config.core.v3.RuntimeFeatureFlag': ['default_value', 'runtime_key'],
    'envoy.type.v3.FractionalPercent': ['numerator', 'denominator'],
  },
  serviceSupport,
  mutationRulesSupport,
  grpcServiceSupport,
  policySupport,
  matchSupport,
  rbacSupport,
]); // prettier-ignore

const FORBIDDEN = 403;
/** Envoy's enum by number: config.core.v3.ApiVersion. */
const API_V2 = 1;

export function decodeExtAuthz(input: Message, cx: DecodeContext): ExtAuthzConfig | undefined {
  const message = input as ExtAuthz;
  const before = cx.faults.length;
  const { decoderHeaderMutationRules: rules } = message;
  const service = decodeService(message.services, cx);
  // HTTP has no version of the API, so what is said of it there does not matter.
  if (message.services.case === 'grpcService' && message.transportApiVersion === API_V2)
    cx.at('transport_api_version').error('is a version of the API that no proxy speaks any more', { expected: 'V3' });
  const config: Omit<ExtAuthzConfig, 'service'> = {
    failureModeAllow: message.failureModeAllow,
    failureModeAllowHeaderAdd: message.failureModeAllowHeaderAdd,
    body: bodyOf(message.withRequestBody),
    bodyAsBytes: message.services.case === 'httpService' || message.withRequestBody?.packAsBytes === true,
    mutationRules: rules && decodeMutationRules(rules, cx.at('decoder_header_mutation_rules')),
    clearRouteCache: message.clearRouteCache,
    clearRouteCacheHeaders: new Set(message.clearRouteCacheHeaders.map((name) => name.toLowerCase())),
    statusOnError: statusOf(message.statusOnError?.code ?? 0),
    validateMutations: message.validateMutations,
    metadataNamespaces: message.metadataContextNamespaces,
    routeMetadataNamespaces: message.routeMetadataContextNamespaces,
    ingestDynamicMetadata: message.enableDynamicMetadataIngestion ?? true,
    ...enabledWhen(message, cx),
    includePeerCertificate: message.includePeerCertificate,
    includeTlsSession: message.includeTlsSession,
    statPrefix: message.statPrefix,
    labelsKey: message.bootstrapMetadataLabelsKey,
    allowedHeaders: allowedOf(message, cx),
    disallowedHeaders: message.disallowedHeaders && decodeNames(message.disallowedHeaders, cx.at('disallowed_headers')),
    rawHeaders: message.encodeRawHeaders,
    chargeClusterResponseStats: message.chargeClusterResponseStats ?? true,
    maxDeniedBodyBytes: message.maxDeniedResponseBodyBytes,
  };
  return service === undefined || cx.faults.length > before ? undefined : { ...config, service };
}

export function decodeExtAuthzRoute(message: Message, cx: DecodeContext): ExtAuthzRouteConfig | undefined {
  const { override } = message as ExtAuthzPerRoute;
  const before = cx.faults.length;
  if (override.case !== 'checkSettings')
    return new ExtAuthzRouteConfig({
      disabled: override.value === true,
      contextExtensions: {},
      disableBodyBuffering: false,
      body: undefined,
      service: undefined,
    });
  const { contextExtensions, disableRequestBodyBuffering, withRequestBody, serviceOverride } = override.value;
  const place = cx.at('check_settings');
  if (disableRequestBodyBuffering && withRequestBody !== undefined)
    place.error('both sets with_request_body and disable_request_body_buffering', { expected: 'one of them' });
  const service = serviceOverride.case === undefined ? undefined : decodeService(serviceOverride, place);
  if (cx.faults.length > before) return undefined;
  return new ExtAuthzRouteConfig({
    disabled: false,
    contextExtensions,
    disableBodyBuffering: disableRequestBodyBuffering,
    body: bodyOf(withRequestBody),
    service,
  });
}

function bodyOf(message: BufferSettings | undefined): BodyConfig | undefined {
  return message && { maxBytes: message.maxRequestBytes, allowPartial: message.allowPartialMessage };
}

/** Codes that are none mean the default, as in Envoy. */
function statusOf(code: number): number {
  return code >= 100 && code <= 511 ? code : FORBIDDEN;
}

function enabledWhen(
  message: ExtAuthz,
  cx: DecodeContext,
): Pick<ExtAuthzConfig, 'enabled' | 'enabledMetadata' | 'denyAtDisable'> {
  const { filterEnabled, filterEnabledMetadata, denyAtDisable } = message;
  const fraction = filterEnabled?.defaultValue;
  return {
    enabled: filterEnabled && {
      key: filterEnabled.runtimeKey,
      fraction: fraction === undefined ? { numerator: 0, denominator: 100 } : decodeFraction(fraction),
    },
    enabledMetadata:
      filterEnabledMetadata && decodeMetadataMatcher(filterEnabledMetadata, cx.at('filter_enabled_metadata')),
    denyAtDisable: denyAtDisable && {
      key: denyAtDisable.runtimeKey,
      byDefault: denyAtDisable.defaultValue ?? false,
    },
  };
}

/** What of the request's head the service is told. An HTTP service is told only what is named, and what makes it a request. */
function allowedOf(message: ExtAuthz, cx: DecodeContext): ExtAuthzConfig['allowedHeaders'] {
  const { services, allowedHeaders } = message;
  const place = cx.at('allowed_headers');
  if (services.case !== 'httpService') return allowedHeaders && decodeNames(allowedHeaders, place);
  const older = services.value.authorizationRequest?.allowedHeaders;
  if (older !== undefined && allowedHeaders !== undefined)
    place.error('is also in http_service.authorization_request', { expected: 'it in one place' });
  const olderPlace = cx.at('http_service', 'authorization_request', 'allowed_headers');
  const named =
    older === undefined ? allowedHeaders && decodeNames(allowedHeaders, place) : decodeNames(older, olderPlace);
  return (name) => ALWAYS_TOLD.has(name) || named?.(name) === true;
}

const ALWAYS_TOLD: ReadonlySet<string> = new Set(['authorization', ':method', ':path', ':authority']);
