import { create } from '@bufbuild/protobuf';
import { DecodeContext, formatFault, registry, reportUnsupported, sourceNamed } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { Endpoint } from '@weft/api-envoy/gen/envoy/config/endpoint/v3/endpoint_components_pb';
import type { ClusterHealthCheck, HealthCheckSpecifier } from '@weft/api-envoy/gen/envoy/service/health/v3/hds_pb';
import type { Runtime } from '@weft/core-runtime';
import {
  decodeHealthCheck,
  HealthChecker,
  healthCheckSupport,
  type HealthCheckConfig,
  type HostHealth,
} from '@weft/proxy-health-check';
import type { ClusterManager, DetachedCluster } from '@weft/proxy-upstream';
import type { SpecifiedChecks } from './health-discovery.ts';

const CONNECT_TIMEOUT_S = 5n;

/** One endpoint and those who check it. */
interface Checked {
  readonly endpoint: Endpoint;
  readonly checkers: readonly HealthChecker[];
}

interface CheckedCluster {
  readonly name: string;
  readonly localities: readonly { readonly locality: object | undefined; readonly endpoints: readonly Checked[] }[];
  readonly clusters: readonly DetachedCluster[];
}

/** What HDS has checked: clusters that no request can find. */
export class CheckedClusters implements SpecifiedChecks {
  private readonly manager: ClusterManager;
  private readonly runtime: Runtime;
  private current: readonly CheckedCluster[] = [];

  constructor(manager: ClusterManager, runtime: Runtime) {
    this.manager = manager;
    this.runtime = runtime;
  }

  apply({ clusterHealthChecks }: HealthCheckSpecifier): string | undefined {
    const cx = new DecodeContext(sourceNamed('HealthCheckSpecifier'));
    const decoded = clusterHealthChecks.map((message, i) => {
      const place = cx.at('cluster_health_checks', i);
      const configs = message.healthChecks.flatMap((check, at) => {
        reportUnsupported(check, healthCheckSupport, place.at('health_checks', at));
        return decodeHealthCheck(check, place.at('health_checks', at)) ?? [];
      });
      return { message, configs, place };
    });
    for (const warning of cx.warnings) this.runtime.loggers.get('upstream').warning(formatFault(warning));
    const made =
      cx.faults.length > 0 ? [] : decoded.map(({ message, configs, place }) => this.make(message, configs, place));
    if (cx.faults.length > 0) {
      for (const one of made) closeAll(one);
      return cx.faults.map(formatFault).join('; ');
    }
    for (const one of this.current) closeAll(one);
    this.current = made;
    for (const one of made)
      for (const { endpoints } of one.localities)
        for (const { checkers } of endpoints) for (const checker of checkers) checker.start();
    return undefined;
  }

  report(): object {
    const health = ({ endpoint, checkers }: Checked): object => ({ endpoint, healthStatus: worst(checkers) });
    return {
      endpointsHealth: this.current.flatMap(({ localities }) =>
        localities.flatMap(({ endpoints }) => endpoints.map(health)),
      ),
      clusterEndpointsHealth: this.current.map(({ name, localities }) => ({
        clusterName: name,
        localityEndpointsHealth: localities.map(({ locality, endpoints }) => ({
          ...(locality === undefined ? {} : { locality }),
          endpointsHealth: endpoints.map(health),
        })),
      })),
    };
  }

  close(): void {
    for (const one of this.current) closeAll(one);
    this.current = [];
  }

  private make(message: ClusterHealthCheck, configs: readonly HealthCheckConfig[], cx: DecodeContext): CheckedCluster {
    const clusters: DetachedCluster[] = [];
    const { clusterName: name, localityEndpoints } = message;
    const localities = localityEndpoints.map(({ locality, endpoints }) => ({
      locality,
      endpoints: endpoints.map((endpoint): Checked => {
        const checkers = configs.flatMap((config) => {
          const detached = this.detached(message, endpoint, { config, cx });
          if (detached === undefined) return [];
          clusters.push(detached);
          return detached.cluster.hosts.map(
            (host) => new HealthChecker({ config, cluster: detached.cluster, host, ...this.runtime }),
          );
        });
        return { endpoint, checkers };
      }),
    }));
    return { name, localities, clusters };
  }

  /** A cluster of the one endpoint, which speaks what the check speaks. */
  private detached(
    { clusterName, transportSocketMatches }: ClusterHealthCheck,
    endpoint: Endpoint,
    { config, cx }: { readonly config: HealthCheckConfig; readonly cx: DecodeContext },
  ): DetachedCluster | undefined {
    const { check } = config;
    const http2 = check.kind === 'grpc' || (check.kind === 'http' && check.http2);
    const desc = registry().getMessage('envoy.config.cluster.v3.Cluster')!;
    const message = create(desc, {
      name: clusterName,
      connectTimeout: { seconds: CONNECT_TIMEOUT_S, nanos: 0 },
      loadAssignment: {
        clusterName,
        endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: endpoint } }] }],
      },
      transportSocketMatches,
      ...(http2 ? { http2ProtocolOptions: {} } : {}),
    } as Record<string, unknown>) as Cluster;
    return this.manager.detached(message, cx);
  }
}

function closeAll({ localities, clusters }: CheckedCluster): void {
  for (const { endpoints } of localities)
    for (const { checkers } of endpoints) for (const checker of checkers) checker.close();
  for (const cluster of clusters) cluster.close();
}

/** envoy.config.core.v3.HealthStatus; what is not known yet counts as unhealthy, as in Envoy. */
const STATUS: Readonly<Record<HostHealth, number>> = { unknown: 2, healthy: 1, unhealthy: 2, timeout: 4, degraded: 5 };
/** From bad to good. */
const ORDER: readonly HostHealth[] = ['unhealthy', 'unknown', 'timeout', 'degraded', 'healthy'];

function worst(checkers: readonly HealthChecker[]): number {
  const found = ORDER.find((health) => checkers.some((checker) => checker.health === health));
  return STATUS[found ?? 'unknown'];
}
