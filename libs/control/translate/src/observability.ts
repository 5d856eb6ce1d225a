import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { AccessLog } from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import type { ZipkinConfig } from '@weft/api-envoy/gen/envoy/config/trace/v3/zipkin_pb';
import type { FileAccessLog } from '@weft/api-envoy/gen/envoy/extensions/access_loggers/file/v3/file_pb';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { providerService, type MeshSnapshot } from '@weft/control-mesh';
import { isIP } from 'node:net';
import { serviceLog } from './access-log-service.ts';
import type { TranslateContext } from './context.ts';
import { socketAddress } from './listener.ts';
import { AUDIT_PREFIX, outboundCluster } from './names.ts';
import { duration, make, pack, type Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';

/** Bootstraps of `weft run` name it for filters that take their tracer from there. */
const ZIPKIN_CLUSTER = 'zipkin';
/** Istio's line: its details name the policy that denied, the route, and why an upstream could not be reached. */
const LINE = `${[
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS%',
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED%',
  '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%"',
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS%',
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%',
].join(' ')}`;
/** What stands behind it where there is an AUDIT policy: the rule that matched, or `-`. */
const AUDITED = {
  http: ` audit=%DYNAMIC_METADATA(envoy.filters.http.rbac:${AUDIT_PREFIX}shadow_effective_policy_id)%`,
  tcp: ` audit=%DYNAMIC_METADATA(envoy.filters.network.rbac:${AUDIT_PREFIX}shadow_effective_policy_id)%`,
} as const;
const STATIC = 0;
const STRICT_DNS = 1;
const CONNECT_TIMEOUT_MS = 1000;
/** ZipkinConfig's enums by number. */
const HTTP_JSON = 1;
const B3_AND_W3C = 1;

/** Whether the proxy asks what AUDIT policies are about there. */
interface Auditing {
  readonly audited?: boolean;
}

/** What the mesh's defaults say that a connection manager records: spans, and a line for each request. */
export function observed({ snapshot }: TranslateContext, auditing: Auditing = {}): Init<HttpConnectionManager> {
  const tracing = tracingFields(snapshot);
  const accessLog = accessLogs({ snapshot }, 'http', auditing);
  return {
    ...(tracing === undefined ? {} : { tracing }),
    ...(accessLog.length === 0 ? {} : { accessLog }),
  };
}

/** A line, and a message to the access log service, for each request, or for each connection that is no HTTP. */
export function accessLogs(
  { snapshot }: Pick<TranslateContext, 'snapshot'>,
  kind: 'http' | 'tcp' = 'tcp',
  { audited = false }: Auditing = {},
): Init<AccessLog>[] {
  const { accessLogFile = '', accessLogService } = snapshot.config;
  return [
    ...(accessLogFile === '' ? [] : [fileLog(accessLogFile, `${LINE}${audited ? AUDITED[kind] : ''}\n`)]),
    ...(accessLogService === undefined ? [] : [serviceLog(kind, accessLogService)]),
  ];
}

/** Undefined: no spans, or MeshConfig names a service for them that is not there. */
function tracingFields(snapshot: MeshSnapshot): Init<HttpConnectionManager>['tracing'] {
  const { tracing } = snapshot.config;
  const collectorCluster = spanCluster(snapshot);
  if (tracing === undefined || collectorCluster === undefined) return undefined;
  return {
    randomSampling: { value: tracing.samplingPercent },
    provider: {
      name: 'envoy.tracers.zipkin',
      configType: {
        case: 'typedConfig',
        value: pack<ZipkinConfig>('envoy.config.trace.v3.ZipkinConfig', {
          collectorCluster,
          collectorEndpoint: '/api/v2/spans',
          collectorEndpointVersion: HTTP_JSON,
          traceId128bit: true,
          traceContextOption: B3_AND_W3C,
        }),
      },
    },
  };
}

/** The cluster that proxies send their spans to. Undefined: they make none, or who collects them is not there. */
export function spanCluster(snapshot: MeshSnapshot): string | undefined {
  const { tracing } = snapshot.config;
  if (tracing === undefined) return undefined;
  if (tracing.inMesh !== true) return ZIPKIN_CLUSTER;
  const found = providerService(snapshot, { service: tracing.host, port: tracing.port });
  return typeof found === 'string' ? undefined : outboundCluster(found.service.hostname, found.port);
}

function fileLog(path: string, line: string): Init<AccessLog> {
  return {
    name: 'envoy.access_loggers.file',
    configType: {
      case: 'typedConfig',
      value: pack<FileAccessLog>('envoy.extensions.access_loggers.file.v3.FileAccessLog', {
        path,
        accessLogFormat: {
          case: 'logFormat',
          value: { format: { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value: line } } } },
        },
      }),
    },
  };
}

/** Where spans go. */
export function collectors({ snapshot }: TranslateContext, draft: ResourceDraft): void {
  const { tracing } = snapshot.config;
  if (tracing === undefined || tracing.inMesh === true) return;
  const { host, port } = tracing;
  draft.clusters.push(
    make<Cluster>('envoy.config.cluster.v3.Cluster', {
      name: ZIPKIN_CLUSTER,
      clusterDiscoveryType: { case: 'type', value: isIP(host) === 0 ? STRICT_DNS : STATIC },
      connectTimeout: duration(CONNECT_TIMEOUT_MS),
      loadAssignment: {
        clusterName: ZIPKIN_CLUSTER,
        endpoints: [
          { lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address: socketAddress(host, port) } } }] },
        ],
      },
    }),
  );
}
