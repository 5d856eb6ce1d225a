import { mergeSupport, type FieldSupport } from '@weft/api-envoy';
import { accessLogSupport } from '@weft/observe-access-log';
import { tracingSupport } from '@weft/observe-tracing';
import { statsSinkSupport } from '@weft/observe-metrics';
import { supported as clusterSupport } from '@weft/model-cluster';
import { configSourceSupport } from '@weft/model-config-source';
import { supported as listenerSupport } from '@weft/model-listener';
import { supported as tlsSupport } from '@weft/model-tls';
import { supported as routeSupport } from '@weft/model-route';
import { supported as hcmSupport } from '@weft/proxy-hcm';
import { httpFilterSupport } from '@weft/proxy-http-filters';
import { listenerFilterSupport } from '@weft/proxy-listener-filters';
import { networkFilterSupport } from '@weft/proxy-network-filters';
import { udpProxySupport } from '@weft/proxy-udp-proxy';
import { supported as overloadSupport } from './overload/overload.decode.ts';

const bootstrapSupport: FieldSupport = {
  'envoy.config.bootstrap.v3.Bootstrap': [
    'node', 'static_resources', 'dynamic_resources', 'admin', 'layered_runtime', 'stats_flush_interval',
    'cluster_manager', 'dns_resolution_config', 'typed_dns_resolver_config', 'stats_config', 'overload_manager',
    'tracing', 'config_sources', 'default_config_source', 'stats_sinks', 'hds_config',
  ],
  'envoy.config.bootstrap.v3.Bootstrap.StaticResources': ['listeners', 'clusters', 'secrets'],
  'envoy.config.bootstrap.v3.Bootstrap.DynamicResources': ['lds_config', 'cds_config', 'ads_config'],
  'envoy.config.bootstrap.v3.ClusterManager': ['local_cluster_name', 'upstream_bind_config', 'load_stats_config'],
  'envoy.config.bootstrap.v3.Admin': ['access_log', 'address'],
  'envoy.config.bootstrap.v3.LayeredRuntime': ['layers'],
  'envoy.config.bootstrap.v3.RuntimeLayer': ['name', 'static_layer', 'admin_layer', 'rtds_layer'],
  'envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer': ['name', 'rtds_config'],
  'envoy.service.runtime.v3.Runtime': ['name', 'layer'],
  'xds.core.v3.Authority': ['name'],
  'envoy.config.bootstrap.v3.RuntimeLayer.AdminLayer': [],
  'envoy.config.core.v3.Node': ['id', 'cluster', 'metadata', 'locality', 'user_agent_name', 'user_agent_version', 'user_agent_build_version'],
  'envoy.config.core.v3.Locality': ['region', 'zone', 'sub_zone'],
}; // prettier-ignore

/** Every field of Envoy's API that has an effect in this proxy: what its parts read, added up. */
export const supported: FieldSupport = mergeSupport([
  configSourceSupport,
  bootstrapSupport,
  overloadSupport,
  listenerSupport,
  listenerFilterSupport,
  hcmSupport,
  routeSupport,
  tlsSupport,
  httpFilterSupport,
  networkFilterSupport,
  udpProxySupport,
  clusterSupport,
  accessLogSupport,
  statsSinkSupport,
  tracingSupport,
]);
