import type { ConfigSource } from '@weft/api-envoy/gen/envoy/config/core/v3/config_source_pb';
import type { SdsSecretConfig } from '@weft/api-envoy/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { OWN_CERTIFICATE, ROOT_CERTIFICATES } from './names.ts';
import type { Init } from './proto.ts';

/** Everything that is not in the message comes over the stream that the message came by. */
export const ADS: Init<ConfigSource> = {
  configSourceSpecifier: { case: 'ads', value: {} },
  initialFetchTimeout: { seconds: 0n, nanos: 0 },
  resourceApiVersion: 2,
};

/** The cluster of every bootstrap by which a proxy asks the agent beside it. Source: Istio's bootstrap. */
export const AGENT_CLUSTER = 'sds-grpc';
/** The control plane itself. */
export const CONTROL_PLANE_CLUSTER = 'xds-grpc';
/** Clusters that every bootstrap has. Source: Istio's bootstrap. */
export const BOOTSTRAP_CLUSTERS: ReadonlySet<string> = new Set([AGENT_CLUSTER, CONTROL_PLANE_CLUSTER]);

/**
 * A secret by its name. The workload's own certificate and the roots come from the agent beside the proxy, since keys never
 * leave the workload; all others over the same stream.
 */
export function sds(name: string): Init<SdsSecretConfig> {
  if (name !== OWN_CERTIFICATE && name !== ROOT_CERTIFICATES)
    return { name, sdsConfig: { configSourceSpecifier: { case: 'ads', value: {} }, resourceApiVersion: 2 } };
  return {
    name,
    sdsConfig: {
      configSourceSpecifier: {
        case: 'apiConfigSource',
        value: {
          apiType: 2,
          transportApiVersion: 2,
          setNodeOnFirstMessageOnly: true,
          grpcServices: [{ targetSpecifier: { case: 'envoyGrpc', value: { clusterName: AGENT_CLUSTER } } }],
        },
      },
      initialFetchTimeout: { seconds: 0n, nanos: 0 },
      resourceApiVersion: 2,
    },
  };
}
