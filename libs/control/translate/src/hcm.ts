import type { AccessLog } from '@weft/api-envoy/gen/envoy/config/accesslog/v3/accesslog_pb';
import type { Filter } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { Router } from '@weft/api-envoy/gen/envoy/extensions/filters/http/router/v3/router_pb';
import type {
  HttpConnectionManager,
  HttpFilter,
} from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { PathRules } from '@weft/model-match';
import { ADS } from './config-source.ts';
import { corsFilter } from './cors.ts';
import { tcpOnDemand } from './on-demand.ts';
import { pack, type Init } from './proto.ts';

export const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** Who calls at a connection manager: the own workload, others of the mesh, or anybody. */
export type HttpDirection = 'outbound' | 'inbound' | 'gateway';

export interface HttpOptions {
  readonly direction: HttpDirection;
  readonly statPrefix: string;
  /** By name over RDS, or in place. */
  readonly routes: string | RouteConfiguration;
  /** What it records (`observed`). */
  readonly observed: Init<HttpConnectionManager>;
  /** Before the router, in order. */
  readonly filters: readonly Init<HttpFilter>[];
}

/** HttpConnectionManager.ForwardClientCertDetails by number. */
const FORWARD_CERT = { SANITIZE: 0, APPEND_FORWARD: 2, SANITIZE_SET: 3 } as const;
/** HttpConnectionManager.ServerHeaderTransformation by number: PASS_THROUGH, so that the service's own `server` is seen. */
const PASS_THROUGH = 2;

/** What every connection manager does to paths, before any policy is asked: Istio's BASE. Escaped slashes stay. */
export const PATH_RULES: PathRules = { normalizePath: true, mergeSlashes: false, escapedSlashes: 'keep' };

/** A connection manager. The times are Istio's: no limit for streams, which routes have for themselves. */
export function httpFilter(options: HttpOptions): Init<Filter> {
  const { direction, statPrefix, routes, filters, observed } = options;
  const manager: Init<HttpConnectionManager> = {
    statPrefix,
    routeSpecifier:
      typeof routes === 'string'
        ? { case: 'rds', value: { routeConfigName: routes, configSource: ADS } }
        : { case: 'routeConfig', value: routes },
    httpFilters: [...filters, ...(direction === 'inbound' ? [] : [corsFilter()]), router()],
    streamIdleTimeout: { seconds: 0n, nanos: 0 },
    normalizePath: PATH_RULES.normalizePath,
    mergeSlashes: PATH_RULES.mergeSlashes,
    upgradeConfigs: [{ upgradeType: 'websocket' }],
    ...whoIsTrusted(direction),
    ...observed,
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    configType: { case: 'typedConfig', value: pack<HttpConnectionManager>(HCM, manager) },
  };
}

/** Inside the mesh the caller's proxy is believed; at a gateway nobody is. */
function whoIsTrusted(direction: HttpDirection): Init<HttpConnectionManager> {
  switch (direction) {
    case 'outbound':
      return { useRemoteAddress: false, forwardClientCertDetails: FORWARD_CERT.SANITIZE };
    case 'inbound':
      return {
        useRemoteAddress: false,
        serverHeaderTransformation: PASS_THROUGH,
        forwardClientCertDetails: FORWARD_CERT.APPEND_FORWARD,
        setCurrentClientCertDetails: { subject: true, uri: true },
      };
    case 'gateway':
      return {
        useRemoteAddress: true,
        forwardClientCertDetails: FORWARD_CERT.SANITIZE_SET,
        setCurrentClientCertDetails: { subject: true, cert: true, dns: true, uri: true },
      };
  }
}

/** The last filter. */
export function router(): Init<HttpFilter> {
  return {
    name: 'envoy.filters.http.router',
    configType: {
      case: 'typedConfig',
      value: pack<Router>('envoy.extensions.filters.http.router.v3.Router', {}),
    },
  };
}

/** Bytes to one cluster, or to several by weight. */
export function tcpFilter(
  statPrefix: string,
  targets: readonly { readonly cluster: string; readonly weight: number }[],
  { accessLog = [], onDemand = false }: { accessLog?: Init<AccessLog>[]; onDemand?: boolean } = {},
): Init<Filter> {
  const [first] = targets;
  const clusterSpecifier: Init<TcpProxy>['clusterSpecifier'] =
    targets.length === 1 && first !== undefined
      ? { case: 'cluster', value: first.cluster }
      : {
          case: 'weightedClusters',
          value: { clusters: targets.map(({ cluster, weight }) => ({ name: cluster, weight })) },
        };
  return {
    name: 'envoy.filters.network.tcp_proxy',
    configType: {
      case: 'typedConfig',
      value: pack<TcpProxy>('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
        statPrefix,
        clusterSpecifier,
        accessLog,
        ...(onDemand ? { onDemand: tcpOnDemand() } : {}),
      }),
    },
  };
}
