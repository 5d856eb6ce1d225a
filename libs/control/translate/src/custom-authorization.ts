import type { GrpcService } from '@weft/api-envoy/gen/envoy/config/core/v3/grpc_service_pb';
import type { Filter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type {
  AuthorizationResponse,
  BufferSettings,
  ExtAuthz as HttpExtAuthz,
} from '@weft/api-envoy/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { RBAC as HttpRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb';
import type { HttpFilter } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { ExtAuthz as NetworkExtAuthz } from '@weft/api-envoy/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb';
import type { RBAC as NetworkRbac } from '@weft/api-envoy/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb';
import type { MetadataMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/metadata_pb';
import type { ListStringMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/string_pb';
import type { MeshExtensionProviderEnvoyExtAuthzHttp } from '@weft/api-kube';
import type { AuthorizationProvider } from '@weft/control-mesh';
import { wildcardMatcher } from './authorization-match.ts';
import { CUSTOM_RULE_PREFIX, customStep } from './authorization-steps.ts';
import type { TranslateContext } from './context.ts';
import { outboundCluster } from './names.ts';
import { duration, durationOf, pack, type Init } from './proto.ts';

type Body = NonNullable<MeshExtensionProviderEnvoyExtAuthzHttp['includeRequestBodyInCheck']>;

const HTTP_RBAC = 'envoy.filters.http.rbac';
const NETWORK_RBAC = 'envoy.filters.network.rbac';
/** ApiVersion by number. */
const V3 = 2;
/** Istio's, where the provider says none. */
const TIMEOUT = duration(600_000);
const SHADOW_PREFIX = 'istio_ext_authz_';

/**
 * Before everything else: whether a CUSTOM rule is about the request, which only goes into the metadata, and then the provider,
 * who is asked where one is. A provider that cannot be asked is a denial of what the rules are about. Source: Istio's
 * pilot/pkg/security/authz/builder.
 */
export function httpCustomAuthorization(cx: TranslateContext): Init<HttpFilter>[] {
  const step = customStep(cx, 'http');
  if (step === undefined) return [];
  const { rules, provider } = step;
  if (typeof provider === 'string') return [httpRbac({ rules })];
  return [
    httpRbac({ shadowRules: rules, shadowRulesStatPrefix: SHADOW_PREFIX }),
    {
      name: 'envoy.filters.http.ext_authz',
      configType: {
        case: 'typedConfig',
        value: pack<HttpExtAuthz>('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', httpExtAuthz(provider)),
      },
    },
  ];
}

/** The same for connections. Over HTTP nobody can be asked about one: such a provider is passed over, as Istio does. */
export function networkCustomAuthorization(cx: TranslateContext): Init<Filter>[] {
  const step = customStep(cx, 'tcp');
  if (step === undefined) return [];
  const { rules, provider } = step;
  if (typeof provider === 'string') return [networkRbac({ rules })];
  if (provider.grpc === undefined) return [];
  return [
    networkRbac({ shadowRules: rules, shadowRulesStatPrefix: SHADOW_PREFIX }),
    {
      name: 'envoy.filters.network.ext_authz',
      configType: {
        case: 'typedConfig',
        value: pack<NetworkExtAuthz>('envoy.extensions.filters.network.ext_authz.v3.ExtAuthz', {
          statPrefix: 'tcp.',
          transportApiVersion: V3,
          failureModeAllow: provider.grpc.failOpen ?? false,
          grpcService: grpcService(provider),
          filterEnabledMetadata: ruleMatched(NETWORK_RBAC),
        }),
      },
    },
  ];
}

function httpRbac(init: Init<HttpRbac>): Init<HttpFilter> {
  return {
    name: HTTP_RBAC,
    configType: {
      case: 'typedConfig',
      value: pack<HttpRbac>('envoy.extensions.filters.http.rbac.v3.RBAC', init),
    },
  };
}

function networkRbac(init: Init<NetworkRbac>): Init<Filter> {
  return {
    name: NETWORK_RBAC,
    configType: {
      case: 'typedConfig',
      value: pack<NetworkRbac>('envoy.extensions.filters.network.rbac.v3.RBAC', { statPrefix: 'tcp.', ...init }),
    },
  };
}

function httpExtAuthz(provider: AuthorizationProvider): Init<HttpExtAuthz> {
  const { http, grpc } = provider;
  const {
    failOpen = false,
    clearRouteCache = false,
    statusOnError = '',
    includeRequestBodyInCheck,
  } = http ?? grpc ?? {};
  return {
    transportApiVersion: V3,
    failureModeAllow: failOpen,
    clearRouteCache,
    ...(statusOnError === '' ? {} : { statusOnError: { code: Number(statusOnError) } }),
    ...(includeRequestBodyInCheck === undefined ? {} : { withRequestBody: bodySettings(includeRequestBodyInCheck) }),
    filterEnabledMetadata: ruleMatched(HTTP_RBAC),
    ...(http === undefined
      ? { services: { case: 'grpcService', value: grpcService(provider) } }
      : httpService(provider, http)),
  };
}

function bodySettings({
  maxRequestBytes = 0,
  allowPartialMessage = false,
  packAsBytes = false,
}: Body): Init<BufferSettings> {
  return { maxRequestBytes, allowPartialMessage, packAsBytes };
}

function httpService(
  provider: AuthorizationProvider,
  http: MeshExtensionProviderEnvoyExtAuthzHttp,
): Init<HttpExtAuthz> {
  const { includeHeadersInCheck = [], includeAdditionalHeadersInCheck = {}, pathPrefix = '' } = http;
  const shown = http.includeRequestHeadersInCheck ?? [];
  const allowedHeaders = headerNames(shown.length > 0 ? shown : includeHeadersInCheck);
  const headersToAdd = Object.entries(includeAdditionalHeadersInCheck)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));
  return {
    ...(allowedHeaders === undefined ? {} : { allowedHeaders }),
    services: {
      case: 'httpService',
      value: {
        pathPrefix,
        serverUri: {
          uri: `http://${provider.service.hostname}`,
          httpUpstreamType: { case: 'cluster', value: clusterOf(provider) },
          timeout: durationOf(http.timeout) ?? TIMEOUT,
        },
        ...(headersToAdd.length === 0 ? {} : { authorizationRequest: { headersToAdd } }),
        ...responseHeaders(http),
      },
    },
  };
}

function responseHeaders(http: MeshExtensionProviderEnvoyExtAuthzHttp): {
  readonly authorizationResponse?: Init<AuthorizationResponse>;
} {
  const allowedUpstreamHeaders = headerNames(http.headersToUpstreamOnAllow);
  const allowedClientHeaders = headerNames(http.headersToDownstreamOnDeny);
  const allowedClientHeadersOnSuccess = headerNames(http.headersToDownstreamOnAllow);
  const said = {
    ...(allowedUpstreamHeaders === undefined ? {} : { allowedUpstreamHeaders }),
    ...(allowedClientHeaders === undefined ? {} : { allowedClientHeaders }),
    ...(allowedClientHeadersOnSuccess === undefined ? {} : { allowedClientHeadersOnSuccess }),
  };
  return Object.keys(said).length === 0 ? {} : { authorizationResponse: said };
}

function headerNames(names: readonly string[] | undefined): Init<ListStringMatcher> | undefined {
  if (names === undefined || names.length === 0) return undefined;
  return { patterns: names.map((name) => ({ ...wildcardMatcher(name), ignoreCase: true })) };
}

/** `|` may not be in an authority. */
function grpcService(provider: AuthorizationProvider): Init<GrpcService> {
  const clusterName = clusterOf(provider);
  return {
    targetSpecifier: { case: 'envoyGrpc', value: { clusterName, authority: clusterName.replaceAll('|', '_.') } },
    timeout: durationOf(provider.grpc?.timeout) ?? TIMEOUT,
  };
}

function clusterOf({ service, port }: AuthorizationProvider): string {
  return outboundCluster(service.hostname, port);
}

/** The rbac filter before found a CUSTOM rule to hold. */
function ruleMatched(filter: string): Init<MetadataMatcher> {
  return {
    filter,
    path: [{ segment: { case: 'key', value: `${SHADOW_PREFIX}shadow_effective_policy_id` } }],
    value: {
      matchPattern: {
        case: 'stringMatch',
        value: { matchPattern: { case: 'prefix', value: CUSTOM_RULE_PREFIX } },
      },
    },
  };
}
