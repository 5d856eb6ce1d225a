import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  RouteAction as Message,
  RouteAction_MaxStreamDuration,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeRegexRewrite } from '@weft/model-match';
import { decodeRetryPolicy, durationMs } from '@weft/model-policy';
import { decodeWeightedClusters } from './weighted-clusters.decode.ts';
import type {
  ClusterSpecifier,
  ForwardAction,
  HostRewrite,
  MaxStreamDuration,
  PathRewrite,
  RouteUpgrade,
} from './route.ts';
import type { HostContext } from './decode-surroundings.ts';

export const forwardSupport: FieldSupport = {
  'envoy.config.route.v3.RouteAction': [
    'cluster',
    'cluster_header',
    'weighted_clusters',
    'cluster_not_found_response_code',
    'prefix_rewrite',
    'regex_rewrite',
    'host_rewrite_literal',
    'auto_host_rewrite',
    'host_rewrite_header',
    'host_rewrite_path_regex',
    'append_x_forwarded_host',
    'timeout',
    'idle_timeout',
    'retry_policy',
    'priority',
    'upgrade_configs',
    'max_stream_duration',
    'max_grpc_timeout',
    'grpc_timeout_offset',
  ],
  'envoy.config.route.v3.RouteAction.UpgradeConfig': ['upgrade_type', 'enabled', 'connect_config'],
  'envoy.config.route.v3.RouteAction.UpgradeConfig.ConnectConfig': ['allow_post'],
  'envoy.config.route.v3.RouteAction.MaxStreamDuration': [
    'max_stream_duration',
    'grpc_timeout_header_max',
    'grpc_timeout_header_offset',
  ],
};

const DEFAULT_TIMEOUT_MS = 15_000;
const NOT_FOUND_STATUS = [503, 404, 500] as const;

export function decodeForward(message: Message, host: HostContext, cx: DecodeContext): ForwardAction | undefined {
  const cluster = decodeClusterSpecifier(message, host, cx);
  const pathRewrite = decodePathRewrite(message, cx);
  const hostRewrite = decodeHostRewrite(message, cx);
  const retryPolicy = message.retryPolicy
    ? decodeRetryPolicy(message.retryPolicy, cx.at('retry_policy'))
    : host.retryPolicy;
  if (cluster === undefined) return undefined;
  return {
    kind: 'forward',
    cluster,
    clusterNotFoundStatus: NOT_FOUND_STATUS[message.clusterNotFoundResponseCode] ?? 503,
    pathRewrite,
    hostRewrite,
    appendXForwardedHost: message.appendXForwardedHost,
    timeoutMs: durationMs(message.timeout, DEFAULT_TIMEOUT_MS),
    idleTimeoutMs: message.idleTimeout && durationMs(message.idleTimeout, 0),
    maxStreamDuration: decodeMaxStreamDuration(message.maxStreamDuration),
    retryPolicy,
    priority: message.priority === 1 ? 'high' : 'default',
    upgrades: decodeUpgrades(message, cx.at('upgrade_configs')),
    maxGrpcTimeoutMs: message.maxGrpcTimeout && durationMs(message.maxGrpcTimeout, 0),
    grpcTimeoutOffsetMs: durationMs(message.grpcTimeoutOffset, 0),
  };
}

function decodeClusterSpecifier(message: Message, host: HostContext, cx: DecodeContext): ClusterSpecifier | undefined {
  const { clusterSpecifier: how } = message;
  switch (how.case) {
    case 'cluster':
      host.table.clusterNames.add(how.value);
      return { kind: 'cluster', name: how.value };
    case 'clusterHeader':
      return { kind: 'cluster_header', header: how.value.toLowerCase() };
    case 'weightedClusters':
      return decodeWeightedClusters(how.value, host.table, cx.at('weighted_clusters'));
    case undefined:
      cx.error('names no cluster', { expected: 'cluster, weighted_clusters or cluster_header' });
      return undefined;
    default:
      cx.error('cluster specifier plugins are not supported', {
        expected: 'cluster, weighted_clusters or cluster_header',
      });
      return undefined;
  }
}

function decodePathRewrite(message: Message, cx: DecodeContext): PathRewrite | undefined {
  if (message.prefixRewrite !== '' && message.regexRewrite !== undefined) {
    cx.error('has both prefix_rewrite and regex_rewrite', { expected: 'one of them' });
    return undefined;
  }
  if (message.prefixRewrite !== '') return { kind: 'prefix', replacement: message.prefixRewrite };
  const rewrite = decodeRegexRewrite(message.regexRewrite, cx.at('regex_rewrite'));
  return rewrite && { kind: 'regex', ...rewrite };
}

function decodeHostRewrite(message: Message, cx: DecodeContext): HostRewrite | undefined {
  const { hostRewriteSpecifier: how } = message;
  switch (how.case) {
    case 'hostRewriteLiteral':
      return how.value === '' ? undefined : { kind: 'literal', host: how.value };
    case 'autoHostRewrite':
      return how.value.value ? { kind: 'auto' } : undefined;
    case 'hostRewriteHeader':
      return { kind: 'header', name: how.value.toLowerCase() };
    case 'hostRewritePathRegex': {
      const rewrite = decodeRegexRewrite(how.value, cx.at('host_rewrite_path_regex'));
      return rewrite && { kind: 'path_regex', ...rewrite };
    }
    case 'hostRewrite':
      cx.at('host_rewrite').error('is not supported');
      return undefined;
    case undefined:
      return undefined;
  }
}

function decodeMaxStreamDuration(message: RouteAction_MaxStreamDuration | undefined): MaxStreamDuration | undefined {
  return (
    message && {
      maxStreamDurationMs: message.maxStreamDuration && durationMs(message.maxStreamDuration, 0),
      grpcTimeoutHeaderMaxMs: message.grpcTimeoutHeaderMax && durationMs(message.grpcTimeoutHeaderMax, 0),
      grpcTimeoutHeaderOffsetMs: message.grpcTimeoutHeaderOffset && durationMs(message.grpcTimeoutHeaderOffset, 0),
    }
  );
}

function decodeUpgrades(message: Message, cx: DecodeContext): ReadonlyMap<string, RouteUpgrade> {
  const upgrades = new Map<string, RouteUpgrade>();
  for (const [i, { upgradeType, enabled, connectConfig }] of message.upgradeConfigs.entries()) {
    const token = upgradeType.toLowerCase();
    if (upgrades.has(token)) cx.at(i, 'upgrade_type').error(`"${upgradeType}" is configured twice`);
    if (connectConfig !== undefined && token !== 'connect')
      cx.at(i, 'connect_config').error(`is not for "${upgradeType}"`, { expected: 'upgrade_type CONNECT' });
    upgrades.set(token, {
      enabled: enabled ?? true,
      connect: connectConfig && { allowPost: connectConfig.allowPost },
    });
  }
  return upgrades;
}
