import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type {
  WeightedCluster as Message,
  WeightedCluster_ClusterWeight,
} from '@weft/api-envoy/gen/envoy/config/route/v3/route_components_pb';
import { decodeLevel } from './level.decode.ts';
import type { TableContext } from './decode-surroundings.ts';
import type { ClusterSpecifier, WeightedCluster } from './route.ts';

export const weightedClusterSupport: FieldSupport = {
  'envoy.config.route.v3.WeightedCluster': ['clusters', 'total_weight', 'runtime_key_prefix', 'header_name'],
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': [
    'name',
    'cluster_header',
    'weight',
    'request_headers_to_add',
    'request_headers_to_remove',
    'response_headers_to_add',
    'response_headers_to_remove',
    'typed_per_filter_config',
    'host_rewrite_literal',
  ],
};

const MAX_TOTAL = 0xffff_ffff;

export function decodeWeightedClusters(
  message: Message,
  table: TableContext,
  cx: DecodeContext,
): ClusterSpecifier | undefined {
  const { runtimeKeyPrefix, randomValueSpecifier: draw } = message;
  const clusters = message.clusters.map((cluster, i) =>
    decodeClusterWeight(cluster, runtimeKeyPrefix, { table, cx: cx.at('clusters', i) }),
  );
  const totalWeight = clusters.reduce((sum, { weight }) => sum + weight, 0);
  if (clusters.length === 0) cx.at('clusters').error('is empty', { expected: 'at least one cluster' });
  else if (totalWeight === 0) cx.at('clusters').error('have no weight', { expected: 'at least one weight above 0' });
  if (totalWeight > MAX_TOTAL)
    cx.at('clusters').error('have too much weight', { expected: `a sum up to ${MAX_TOTAL}` });
  return {
    kind: 'weighted_clusters',
    clusters,
    drawHeader: draw.case === 'headerName' ? draw.value.toLowerCase() : '',
    hasRuntimeKeys: runtimeKeyPrefix !== '',
    totalWeight,
  };
}

function decodeClusterWeight(
  message: WeightedCluster_ClusterWeight,
  runtimeKeyPrefix: string,
  around: { readonly table: TableContext; readonly cx: DecodeContext },
): WeightedCluster {
  const { table, cx } = around;
  const { name, clusterHeader, hostRewriteSpecifier: host } = message;
  if ((name === '') === (clusterHeader === ''))
    cx.error('needs a cluster', { expected: 'either name or cluster_header' });
  if (name !== '') table.clusterNames.add(name);
  const level = decodeLevel(message, table.options, cx);
  return {
    name,
    clusterHeader: clusterHeader.toLowerCase(),
    weight: message.weight ?? 0,
    runtimeKey: runtimeKeyPrefix === '' ? '' : `${runtimeKeyPrefix}.${name}`,
    hostRewrite:
      host.case === 'hostRewriteLiteral' && host.value !== '' ? { kind: 'literal', host: host.value } : undefined,
    requestMutation: level.request,
    responseMutation: level.response,
    filterConfigs: level.filterConfigs,
  };
}
