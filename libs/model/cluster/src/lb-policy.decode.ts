import type { DecodeContext, FieldSupport } from '@weft/api-envoy';
import type { Cluster, LoadBalancingPolicy } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { LeastRequest } from '@weft/api-envoy/gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb';
import type { LbPolicy } from './cluster.ts';

const EXTENSIONS = 'envoy.extensions.load_balancing_policies';
const ROUND_ROBIN = `${EXTENSIONS}.round_robin.v3.RoundRobin`;
const LEAST_REQUEST = `${EXTENSIONS}.least_request.v3.LeastRequest`;
const RANDOM = `${EXTENSIONS}.random.v3.Random`;
const CLUSTER_PROVIDED = `${EXTENSIONS}.cluster_provided.v3.ClusterProvided`;
const BY_TYPE: Readonly<Record<string, LbPolicy>> = {
  [ROUND_ROBIN]: 'ROUND_ROBIN',
  [LEAST_REQUEST]: 'LEAST_REQUEST',
  [RANDOM]: 'RANDOM',
  [CLUSTER_PROVIDED]: 'CLUSTER_PROVIDED',
};

export const lbPolicySupport: FieldSupport = {
  'envoy.config.cluster.v3.Cluster': [
    'lb_policy',
    'load_balancing_policy',
    'least_request_lb_config',
    'round_robin_lb_config',
  ],
  'envoy.config.cluster.v3.Cluster.LbPolicy': ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'CLUSTER_PROVIDED'],
  'envoy.config.cluster.v3.Cluster.LeastRequestLbConfig': ['choice_count'],
  'envoy.config.cluster.v3.Cluster.RoundRobinLbConfig': [],
  'envoy.config.cluster.v3.LoadBalancingPolicy': ['policies'],
  'envoy.config.cluster.v3.LoadBalancingPolicy.Policy': ['typed_extension_config'],
  'envoy.config.core.v3.TypedExtensionConfig': ['name', 'typed_config'],
  [ROUND_ROBIN]: [],
  [LEAST_REQUEST]: ['choice_count'],
  [RANDOM]: [],
  [CLUSTER_PROVIDED]: [],
};

/** How a cluster chooses among its hosts. */
export interface DecodedLbPolicy {
  readonly lbPolicy: LbPolicy;
  /** Default 2. */
  readonly leastRequestChoiceCount: number;
}

const NAMES = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RING_HASH', 'RANDOM', '', 'MAGLEV', 'CLUSTER_PROVIDED'];
const EXPECTED = 'ROUND_ROBIN, LEAST_REQUEST or RANDOM';

/** Faults go to `cx`, which stands at the cluster. The extension wins over lb_policy, as in Envoy. */
export function decodeLbPolicy(message: Cluster, cx: DecodeContext): DecodedLbPolicy | undefined {
  const { lbConfig, loadBalancingPolicy } = message;
  if (loadBalancingPolicy !== undefined) return decodeExtension(loadBalancingPolicy, cx.at('load_balancing_policy'));
  const name = NAMES[message.lbPolicy] ?? 'LOAD_BALANCING_POLICY_CONFIG';
  const leastRequestChoiceCount = lbConfig.case === 'leastRequestLbConfig' ? (lbConfig.value.choiceCount ?? 2) : 2;
  if (name === 'ROUND_ROBIN' || name === 'LEAST_REQUEST' || name === 'RANDOM' || name === 'CLUSTER_PROVIDED')
    return { lbPolicy: name, leastRequestChoiceCount };
  cx.at('lb_policy').later(name, { expected: EXPECTED });
  return undefined;
}

/** The first of the policies that is implemented: the list is in the order of preference. */
function decodeExtension({ policies }: LoadBalancingPolicy, cx: DecodeContext): DecodedLbPolicy | undefined {
  const before = cx.faults.length;
  for (const [i, { typedExtensionConfig }] of policies.entries()) {
    const config = cx
      .at('policies', i, 'typed_extension_config', 'typed_config')
      .unpack(typedExtensionConfig?.typedConfig);
    const lbPolicy = config && BY_TYPE[config.$typeName];
    if (lbPolicy === undefined) continue;
    const { choiceCount } = config as Partial<LeastRequest>;
    return { lbPolicy, leastRequestChoiceCount: choiceCount ?? 2 };
  }
  if (cx.faults.length === before) cx.at('policies').later('each of these policies', { expected: EXPECTED });
  return undefined;
}
