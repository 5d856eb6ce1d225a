import { DecodeContext, loadConfig, sourceNamed } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { ClusterConfig } from './cluster.ts';
import { decodeCluster } from './cluster.decode.ts';

/** A cluster from YAML, decoded, with what the decoder found wrong with it, as `path: message`. */
export function readCluster(yaml: string): { config: ClusterConfig | undefined; faults: string[]; warnings: string[] } {
  const loaded = loadConfig({ text: yaml, file: 'cluster.yaml', typeName: 'envoy.config.cluster.v3.Cluster' });
  const cx = new DecodeContext(sourceNamed('cluster.yaml'));
  const config = loaded.message === undefined ? undefined : decodeCluster(loaded.message as Cluster, cx);
  const lines = (list: readonly { path: string; message: string }[]): string[] =>
    list.map(({ path, message }) => `${path}: ${message}`);
  return {
    config,
    faults: lines([...loaded.faults, ...cx.faults]),
    warnings: lines([...loaded.warnings, ...cx.warnings]),
  };
}

/** A cluster from YAML that must be right. Throws with the faults otherwise. */
export function clusterConfig(yaml: string): ClusterConfig {
  const { config, faults } = readCluster(yaml);
  if (config === undefined) throw new Error(faults.join('\n'));
  return config;
}
