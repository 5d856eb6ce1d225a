import { mergeSupport, type DecodeContext, type FieldSupport } from '@weft/api-envoy';
import type { CircuitBreakers } from '@weft/api-envoy/gen/envoy/config/cluster/v3/circuit_breaker_pb';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ClusterConfig, Discovery, LbPolicy, Thresholds } from './cluster.ts';
import { connectionSupport, decodeConnectionOptions } from './connection-options.decode.ts';
import { decodeDiscovery, discoverySupport } from './discovery.decode.ts';
import { dnsSupport } from './dns-options.decode.ts';
import { decodeHttpOptions, httpOptionsSupport, type DecodedHttpOptions } from './http-options.decode.ts';
import { decodeLbPolicy, lbPolicySupport } from './lb-policy.decode.ts';
import { decodeLoadAssignment, loadAssignmentSupport, requireSingleEndpoint } from './load-assignment.decode.ts';
import type { LoadAssignment } from './load-assignment.ts';
import {
  decodeTransportSocket,
  decodeTransportSocketMatches,
  transportSocketSupport,
} from './transport-socket.decode.ts';
import type { TransportSocket } from './transport-socket.ts';
import { durationMs } from '@weft/model-policy';
import { supported as tlsSupport } from '@weft/model-tls';

/** All that is read of a cluster; the rest of the messages is reported by name. */
export const supported: FieldSupport = mergeSupport([
  {
    'envoy.config.cluster.v3.Cluster': [
      'name', 'alt_stat_name', 'connect_timeout', 'per_connection_buffer_limit_bytes', 'load_assignment',
      'circuit_breakers', 'wait_for_warm_on_init', 'common_lb_config',
      'metadata', 'preconnect_policy', 'connection_pool_per_downstream_connection',
    ],
    'envoy.config.cluster.v3.Cluster.PreconnectPolicy': ['per_upstream_preconnect_ratio', 'predictive_preconnect_ratio'],
    'envoy.config.cluster.v3.CircuitBreakers': ['thresholds', 'per_host_thresholds'],
    'envoy.config.cluster.v3.CircuitBreakers.Thresholds': [
      'priority', 'max_connections', 'max_pending_requests', 'max_requests', 'max_retries', 'retry_budget', 'track_remaining',
      'max_connection_pools',
    ],
    'envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget': ['budget_percent', 'min_retry_concurrency'],
    'envoy.config.cluster.v3.Cluster.CommonLbConfig': ['healthy_panic_threshold', 'close_connections_on_host_set_change'],
    'envoy.type.v3.Percent': ['value'],
  },
  connectionSupport,
  discoverySupport,
  dnsSupport,
  httpOptionsSupport,
  lbPolicySupport,
  loadAssignmentSupport,
  transportSocketSupport,
  tlsSupport,
]); // prettier-ignore

/** Source: envoy.config.cluster.v3.Cluster. Faults go to `cx`; undefined when there were any. */
export function decodeCluster(message: Cluster, cx: DecodeContext): ClusterConfig | undefined {
  const before = cx.faults.length;
  if (message.name === '') cx.at('name').error('is missing');
  const discovery = decodeDiscovery(message, cx);
  const loadAssignment = decodeAssignmentOf(message, discovery, cx);
  const connectTimeoutMs = durationMs(message.connectTimeout, 5000);
  if (connectTimeoutMs <= 0)
    cx.at('connect_timeout').error('is not positive', { expected: 'a duration such as "0.25s"' });
  const lbPolicy = decodeLbPolicy(message, cx);
  if (discovery !== undefined && lbPolicy !== undefined) requireFit(discovery, lbPolicy.lbPolicy, cx.at('lb_policy'));
  const options = decodeHttpOptions(message, cx);
  const socket = decodeTransportSocket(message.transportSocket, cx.at('transport_socket'));
  const matches = decodeTransportSocketMatches(message, cx);
  if (cx.faults.length > before || discovery === undefined || lbPolicy === undefined || socket === undefined)
    return undefined;
  return {
    name: message.name,
    altStatName: message.altStatName === '' ? message.name : message.altStatName,
    discovery,
    connectTimeoutMs,
    ...lbPolicy,
    loadAssignment,
    circuitBreakers: {
      default: decodeThresholds(message.circuitBreakers, 0),
      high: decodeThresholds(message.circuitBreakers, 1),
    },
    healthyPanicThreshold: message.commonLbConfig?.healthyPanicThreshold?.value ?? 50,
    closeConnectionsOnHostSetChange: message.commonLbConfig?.closeConnectionsOnHostSetChange ?? false,
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? 1024 * 1024,
    http: options.http,
    connection: decodeConnectionOptions(message, cx),
    preconnect: {
      perUpstreamRatio: message.preconnectPolicy?.perUpstreamPreconnectRatio ?? 1,
      predictiveRatio: message.preconnectPolicy?.predictivePreconnectRatio ?? 1,
    },
    connectionPoolPerDownstreamConnection: message.connectionPoolPerDownstreamConnection,
    transportSocket: withSanValidation(socket, options),
    transportSocketMatches: matches.map((match) => withSanValidation(match, options)),
    waitForWarmOnInit: message.waitForWarmOnInit ?? true,
    metadata: message.metadata?.filterMetadata ?? {},
  };
}

function decodeAssignmentOf(
  message: Cluster,
  discovery: Discovery | undefined,
  cx: DecodeContext,
): LoadAssignment | undefined {
  const place = cx.at('load_assignment');
  if (discovery === undefined || discovery.kind === 'EDS') return undefined;
  if (discovery.kind === 'ORIGINAL_DST') {
    if (message.loadAssignment !== undefined)
      place.error('is not for clusters of type ORIGINAL_DST: their hosts are where clients were going');
    return undefined;
  }
  if (message.loadAssignment === undefined) {
    // Envoy takes a STATIC cluster without hosts, and answers 503 for it; for names to resolve, one must be there.
    if (discovery.kind !== 'STATIC') place.error('is missing', { expected: 'endpoints whose names are resolved' });
    return undefined;
  }
  const kind = discovery.kind === 'STATIC' ? 'ips' : 'names';
  const assignment = decodeLoadAssignment(message.loadAssignment, place, kind);
  if (assignment !== undefined && discovery.kind === 'LOGICAL_DNS') requireSingleEndpoint(assignment, place);
  return assignment;
}

function requireFit(discovery: Discovery, policy: LbPolicy, cx: DecodeContext): void {
  const provides = discovery.kind === 'ORIGINAL_DST';
  if (provides === (policy === 'CLUSTER_PROVIDED')) return;
  if (provides) cx.error(`${policy} is not for clusters of type ORIGINAL_DST`, { expected: 'CLUSTER_PROVIDED' });
  else
    cx.error(`CLUSTER_PROVIDED is not for clusters of type ${discovery.kind}`, {
      expected: 'ROUND_ROBIN, LEAST_REQUEST or RANDOM',
    });
}

function decodeThresholds(breakers: CircuitBreakers | undefined, priority: number): Thresholds {
  const message = breakers?.thresholds.find((entry) => entry.priority === priority);
  const ofHost = breakers?.perHostThresholds.find((entry) => entry.priority === priority);
  const budget = message?.retryBudget;
  return {
    maxConnections: message?.maxConnections ?? 1024,
    maxPendingRequests: message?.maxPendingRequests ?? 1024,
    maxRequests: message?.maxRequests ?? 1024,
    maxRetries: message?.maxRetries ?? 3,
    maxConnectionPools: message?.maxConnectionPools ?? Infinity,
    maxConnectionsPerHost: ofHost?.maxConnections ?? Infinity,
    retryBudget: budget && {
      budgetPercent: budget.budgetPercent?.value ?? 20,
      minRetryConcurrency: budget.minRetryConcurrency ?? 3,
    },
    trackRemaining: message?.trackRemaining ?? false,
  };
}

/** `auto_san_validation`: the certificate must be for the name that `auto_sni` takes from the request. */
function withSanValidation<S extends TransportSocket>(socket: S, { autoSanValidation }: DecodedHttpOptions): S {
  const { tls } = socket;
  return tls === undefined || !autoSanValidation ? socket : { ...socket, tls: { ...tls, autoSniSanValidation: true } };
}
