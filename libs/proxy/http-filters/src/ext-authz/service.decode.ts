import { create } from '@bufbuild/protobuf';
import { registry, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { GrpcService } from '@weft/api-envoy/gen/envoy/config/core/v3/grpc_service_pb';
import type { HeaderValue, HeaderValueOption } from '@weft/api-envoy/gen/envoy/config/core/v3/base_pb';
import type { HttpService } from '@weft/api-envoy/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { ListStringMatcher } from '@weft/api-envoy/gen/envoy/type/matcher/v3/string_pb';
import { decodeGrpcService } from '@weft/model-config-source';
import { decodeStringMatcher } from '@weft/model-match';
import { decodeAddition, durationMs, type HeaderAddition } from '@weft/model-policy';
import { checkRetriesSupport, decodeCheckRetries } from './check-retries.decode.ts';
import { anyName, type HttpServiceConfig, type NameTest, type ServiceConfig } from './config.ts';

const PACKAGE = 'envoy.extensions.filters.http.ext_authz.v3.';
const DEFAULT_TIMEOUT_MS = 200;
/** Envoy's enum by number: OVERWRITE_IF_EXISTS_OR_ADD. */
const OVERWRITE = 2;

export const serviceSupport: FieldSupport = {
  [`${PACKAGE}HttpService`]: [
    'server_uri', 'path_prefix', 'path_override', 'authorization_request', 'authorization_response', 'retry_policy',
  ],
  [`${PACKAGE}AuthorizationRequest`]: ['allowed_headers', 'headers_to_add'],
  [`${PACKAGE}AuthorizationResponse`]: [
    'allowed_upstream_headers', 'allowed_upstream_headers_to_append', 'allowed_client_headers',
    'allowed_client_headers_on_success', 'dynamic_metadata_from_headers',
  ],
  // The address is the cluster's; uri only names it for people, in Envoy too.
  'envoy.config.core.v3.HttpUri': ['uri', 'cluster', 'timeout'],
  'envoy.type.matcher.v3.ListStringMatcher': ['patterns'],
  ...checkRetriesSupport,
}; // prettier-ignore

const NO_NAME: NameTest = () => false;

/** As Envoy takes a filter that names nobody, it is no fault; there is no cluster of this name. */
const NOBODY: HttpServiceConfig = {
  kind: 'http',
  cluster: '',
  timeoutMs: DEFAULT_TIMEOUT_MS,
  pathPrefix: '',
  pathOverride: '',
  retry: undefined,
  addHeaders: { remove: [], add: [] },
  upstream: NO_NAME,
  upstreamAppend: NO_NAME,
  dynamicMetadata: NO_NAME,
  clientOnSuccess: NO_NAME,
  client: NO_NAME,
};

type Services =
  | { readonly case: 'grpcService'; readonly value: GrpcService }
  | { readonly case: 'httpService'; readonly value: HttpService }
  | { readonly case: undefined; readonly value?: undefined };

/** Whom to ask. Faults go to `cx`, which stands at the message around it. */
export function decodeService(services: Services, cx: DecodeContext): ServiceConfig | undefined {
  if (services.case === undefined) {
    cx.warn('names no service to ask: every question fails', { expected: 'grpc_service or http_service' });
    return NOBODY;
  }
  if (services.case === 'httpService') return decodeHttpService(services.value, cx.at('http_service'));
  const service = decodeGrpcService(services.value, cx.at('grpc_service'));
  return service && { kind: 'grpc', service, timeoutMs: durationMs(services.value.timeout, DEFAULT_TIMEOUT_MS) };
}

/** Names of headers, as a test. */
export function decodeNames(message: ListStringMatcher | undefined, cx: DecodeContext): NameTest {
  return anyName(
    message?.patterns.flatMap((pattern, i) => decodeStringMatcher(pattern, cx.at('patterns', i)) ?? []) ?? [],
  );
}

function decodeHttpService(message: HttpService, cx: DecodeContext): HttpServiceConfig | undefined {
  const { serverUri, pathPrefix, pathOverride, retryPolicy, authorizationRequest } = message;
  const { authorizationResponse: answer } = message;
  const before = cx.faults.length;
  if (serverUri?.httpUpstreamType.value === undefined)
    cx.at('server_uri').warn('names no cluster: every question fails', { expected: 'cluster' });
  checkPath(pathPrefix, cx.at('path_prefix'));
  checkPath(pathOverride, cx.at('path_override'));
  if (pathPrefix !== '' && pathOverride !== '')
    cx.at('path_override').error('is beside path_prefix', { expected: 'one of them' });
  const place = cx.at('authorization_response');
  const names = (field: string, list: ListStringMatcher | undefined): NameTest => decodeNames(list, place.at(field));
  const config: HttpServiceConfig = {
    kind: 'http',
    cluster: serverUri?.httpUpstreamType.value ?? '',
    timeoutMs: durationMs(serverUri?.timeout, DEFAULT_TIMEOUT_MS),
    pathPrefix,
    pathOverride,
    retry: retryPolicy && decodeCheckRetries(retryPolicy, cx.at('retry_policy')),
    addHeaders: { remove: [], add: decodeAdditions(authorizationRequest?.headersToAdd ?? [], cx) },
    upstream: names('allowed_upstream_headers', answer?.allowedUpstreamHeaders),
    upstreamAppend: names('allowed_upstream_headers_to_append', answer?.allowedUpstreamHeadersToAppend),
    dynamicMetadata: names('dynamic_metadata_from_headers', answer?.dynamicMetadataFromHeaders),
    clientOnSuccess: names('allowed_client_headers_on_success', answer?.allowedClientHeadersOnSuccess),
    client: clientNames(answer?.allowedClientHeaders, place.at('allowed_client_headers')),
  };
  return cx.faults.length > before ? undefined : config;
}

/** Always told to a client whose request is denied, where the others are chosen. */
const TOLD_TO_CLIENTS: ReadonlySet<string> = new Set(['content-length', 'www-authenticate', 'location']);

/** Without a list a client is told every header of the answer. */
function clientNames(list: ListStringMatcher | undefined, cx: DecodeContext): NameTest {
  if (list === undefined || list.patterns.length === 0) return (name) => name !== 'host';
  const chosen = decodeNames(list, cx);
  return (name) => TOLD_TO_CLIENTS.has(name) || chosen(name);
}

function checkPath(path: string, cx: DecodeContext): void {
  if (path !== '' && !path.startsWith('/')) cx.error(`"${path}" is no path`, { expected: 'it to begin with /' });
}

function decodeAdditions(headers: readonly HeaderValue[], cx: DecodeContext): HeaderAddition[] {
  const place = cx.at('authorization_request', 'headers_to_add');
  return headers.flatMap((header, i) => decodeAddition(additionOf(header), place.at(i)) ?? []);
}

/** In the form that routes have: in place of what is there. */
function additionOf(header: HeaderValue): HeaderValueOption {
  return create(registry().getMessage('envoy.config.core.v3.HeaderValueOption')!, {
    header,
    appendAction: OVERWRITE,
  } as Record<string, unknown>) as HeaderValueOption;
}
