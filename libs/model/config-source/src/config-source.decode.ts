import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type {
  ApiConfigSource as ApiMessage,
  ConfigSource as Message,
} from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import { durationMs } from '@weft/model-policy';
import type { AdsConfig, ApiConfigSource, ConfigSource } from './config-source.ts';
import { decodeGrpcService, grpcServiceSupport } from './grpc-service.decode.ts';

export const configSourceSupport: FieldSupport = mergeSupport([grpcServiceSupport, {
  'envoy.config.core.v3.ConfigSource': [
    'path', 'path_config_source', 'api_config_source', 'ads', 'self', 'initial_fetch_timeout', 'resource_api_version',
    'authorities',
  ],
  'envoy.config.core.v3.PathConfigSource': ['path', 'watched_directory'],
  'envoy.config.core.v3.WatchedDirectory': ['path'],
  'envoy.config.core.v3.ApiConfigSource': [
    'api_type', 'transport_api_version', 'cluster_names', 'grpc_services', 'refresh_delay', 'request_timeout',
    'rate_limit_settings', 'set_node_on_first_message_only',
  ],
  'envoy.config.core.v3.RateLimitSettings': ['max_tokens', 'fill_rate'],
  'envoy.config.core.v3.AggregatedConfigSource': [],
  'envoy.config.core.v3.SelfConfigSource': ['transport_api_version'],
}]); // prettier-ignore

const INITIAL_FETCH_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 1000;
/** Source: ApiConfigSource.rate_limit_settings. */
const MAX_TOKENS = 100;
const FILL_RATE = 10;

const SOURCES = 'path_config_source, api_config_source or ads';

/** Where resources come from. Faults go to `cx`, which stands at the ConfigSource. */
export function decodeConfigSource(message: Message | undefined, cx: DecodeContext): ConfigSource | undefined {
  if (message === undefined) {
    cx.error('is missing', { expected: SOURCES });
    return undefined;
  }
  const { configSourceSpecifier: specifier } = message;
  if (specifier.case === undefined) {
    cx.error('names no source', { expected: SOURCES });
    return undefined;
  }
  const initialFetchTimeoutMs = durationMs(message.initialFetchTimeout, INITIAL_FETCH_TIMEOUT_MS);
  switch (specifier.case) {
    case 'path':
      return { kind: 'file', path: specifier.value, watchedDirectory: undefined, initialFetchTimeoutMs };
    case 'pathConfigSource': {
      const { path, watchedDirectory } = specifier.value;
      return { kind: 'file', path, watchedDirectory: watchedDirectory?.path, initialFetchTimeoutMs };
    }
    case 'ads':
    case 'self':
      return { kind: specifier.case, initialFetchTimeoutMs };
    case 'apiConfigSource': {
      const api = decodeApi(specifier.value, cx.at('api_config_source'));
      return api && { ...api, initialFetchTimeoutMs };
    }
  }
}

/** The aggregated stream. Faults go to `cx`, which stands at `ads_config`. */
export function decodeAdsConfig(message: ApiMessage, cx: DecodeContext): AdsConfig | undefined {
  const api = decodeApi(message, cx);
  if (api === undefined) return undefined;
  const { apiType } = api;
  if (apiType !== 'REST') return { ...api, apiType };
  cx.at('api_type').error('is REST', { expected: 'GRPC or DELTA_GRPC: the aggregated stream is a stream' });
  return undefined;
}

type Api = Omit<ApiConfigSource, 'initialFetchTimeoutMs'>;

function decodeApi(message: ApiMessage, cx: DecodeContext): Api | undefined {
  const apiType = typeOf(message, cx.at('api_type'));
  if (apiType === undefined) return undefined;
  const faults = cx.faults.length;
  const grpc = apiType !== 'REST';
  if (grpc) checkGrpc(message, cx);
  else checkRest(message, cx);
  const grpcServices = message.grpcServices.flatMap(
    (one, i) => decodeGrpcService(one, cx.at('grpc_services', i)) ?? [],
  );
  if (cx.faults.length > faults) return undefined;
  const { rateLimitSettings: limit } = message;
  return {
    kind: 'api',
    apiType,
    grpcServices,
    clusterNames: grpc ? [] : message.clusterNames,
    refreshDelayMs: durationMs(message.refreshDelay, 0),
    requestTimeoutMs: durationMs(message.requestTimeout, REQUEST_TIMEOUT_MS),
    setNodeOnFirstMessageOnly: message.setNodeOnFirstMessageOnly,
    rateLimit: limit && { maxTokens: limit.maxTokens ?? MAX_TOKENS, fillRate: limit.fillRate ?? FILL_RATE },
  };
}

/** AGGREGATED_GRPC names the way in which a source of its own speaks, which is the same as GRPC. */
function typeOf({ apiType }: ApiMessage, cx: DecodeContext): Api['apiType'] | undefined {
  const known = [undefined, 'REST', 'GRPC', 'DELTA_GRPC', undefined, 'GRPC', 'DELTA_GRPC'] as const;
  const type = known[apiType];
  if (type === undefined) cx.error('is a form of xDS v2', { expected: 'GRPC, DELTA_GRPC or REST' });
  return type;
}

function checkGrpc({ clusterNames, grpcServices }: ApiMessage, cx: DecodeContext): void {
  if (clusterNames.length > 0)
    cx.at('cluster_names').error('is for REST', { expected: 'none; grpc_services names the cluster' });
  if (grpcServices.length === 0) cx.at('grpc_services').error('is empty', { expected: 'one gRPC service' });
  // Envoy takes a second one as the place to fail over to.
  if (grpcServices.length > 2)
    cx.at('grpc_services').error('names too many', { expected: 'one, or two with failover' });
}

function checkRest({ clusterNames, grpcServices, refreshDelay }: ApiMessage, cx: DecodeContext): void {
  if (grpcServices.length > 0) cx.at('grpc_services').error('is not for REST', { expected: 'cluster_names' });
  if (clusterNames.length !== 1)
    cx.at('cluster_names').error(`has ${clusterNames.length} names`, { expected: 'one cluster' });
  if (refreshDelay === undefined)
    cx.at('refresh_delay').error('is missing', { expected: 'the time between two polls' });
}
