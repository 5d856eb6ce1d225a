import type { AccessLog } from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type {
  HttpGrpcAccessLogConfig,
  TcpGrpcAccessLogConfig,
} from '@weft/api-envoy/gen/envoy/extensions/access_loggers/grpc/v3/als_pb';
import type { HttpProtocolOptions } from '@weft/api-envoy/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { ReportService } from '@weft/control-mesh';
import { isIP } from 'node:net';
import { CONTROL_PLANE_CLUSTER } from './config-source.ts';
import type { TranslateContext } from './context.ts';
import { socketAddress } from './listener.ts';
import { duration, make, pack, type Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';

/** Source: Istio's bootstrap. */
const ACCESS_LOG_CLUSTER = 'envoy_accesslog_service';
const LOGGERS = 'envoy.extensions.access_loggers.grpc.v3';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
/** ApiVersion.V3, DiscoveryType.STATIC and STRICT_DNS. */
const V3 = 2;
const STATIC = 0;
const STRICT_DNS = 1;
const CONNECT_TIMEOUT_MS = 1000;

/** An entry for each request (`http`) or connection (`tcp`), under the names that Istio gives the logs. */
export function serviceLog(kind: 'http' | 'tcp', service: ReportService): Init<AccessLog> {
  const clusterName = service === 'control-plane' ? CONTROL_PLANE_CLUSTER : ACCESS_LOG_CLUSTER;
  const commonConfig = {
    logName: `${kind}_envoy_accesslog`,
    transportApiVersion: V3,
    grpcService: { targetSpecifier: { case: 'envoyGrpc' as const, value: { clusterName } } },
  };
  const value =
    kind === 'http'
      ? pack<HttpGrpcAccessLogConfig>(`${LOGGERS}.HttpGrpcAccessLogConfig`, { commonConfig })
      : pack<TcpGrpcAccessLogConfig>(`${LOGGERS}.TcpGrpcAccessLogConfig`, { commonConfig });
  return { name: `envoy.access_loggers.${kind}_grpc`, configType: { case: 'typedConfig', value } };
}

/** Where access logs go, where that is not the control plane. */
export function accessLogCluster({ snapshot }: TranslateContext, draft: ResourceDraft): void {
  const { accessLogService: service } = snapshot.config;
  if (service === undefined || service === 'control-plane') return;
  const { host, port } = service;
  const http2 = pack<HttpProtocolOptions>(HTTP_OPTIONS, {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: { protocolConfig: { case: 'http2ProtocolOptions', value: {} } },
    },
  });
  draft.clusters.push(
    make<Cluster>('envoy.config.cluster.v3.Cluster', {
      name: ACCESS_LOG_CLUSTER,
      clusterDiscoveryType: { case: 'type', value: isIP(host) === 0 ? STRICT_DNS : STATIC },
      connectTimeout: duration(CONNECT_TIMEOUT_MS),
      typedExtensionProtocolOptions: { [HTTP_OPTIONS]: http2 },
      loadAssignment: {
        clusterName: ACCESS_LOG_CLUSTER,
        endpoints: [
          { lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address: socketAddress(host, port) } } }] },
        ],
      },
    }),
  );
}
