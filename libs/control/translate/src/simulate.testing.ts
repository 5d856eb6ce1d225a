import type { Message } from '@bufbuild/protobuf';
import { DecodeContext, formatFault, sourceNamed } from '@weft/api-envoy';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import type { HttpConnectionManager } from '@weft/api-envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TcpProxy } from '@weft/api-envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { RequestHeaderMap } from '@weft/core-http';
import { decodeLoadAssignment } from '@weft/model-cluster';
import { decodeListener, FilterChainTable, type ListenerConfig, type ListenerExtensions } from '@weft/model-listener';
import { decodeRouteConfiguration, matchRoute, type ResolvedRoute } from '@weft/model-route';
import { matchContext } from '@weft/model-route/testing';
import type { ProxyResources } from './resources.ts';

/** A call as it arrives at a proxy. */
export interface TestCall {
  /** Where the client connects to: an address and a port. Default 240.0.0.1. */
  readonly ip?: string;
  readonly port: number;
  /** Its Host; default the address. */
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  /** `[name, value, …]`. */
  readonly headers?: readonly string[];
  /** TLS as the proxy sees it. */
  readonly tls?: { readonly sni?: string; readonly alpn?: readonly string[] };
  /** Plain bytes that are no HTTP. */
  readonly raw?: boolean;
  /** For weights. Default 0. */
  readonly draw?: number;
}

/** What becomes of a call. */
export interface TestOutcome {
  readonly listener: string;
  readonly chain: string;
  readonly secured: boolean;
  readonly filters: readonly string[];
  /** The route configuration; `''` for plain bytes. */
  readonly table: string;
  readonly virtualHost: string;
  readonly route: ResolvedRoute | undefined;
  /** Of the route, or of tcp_proxy with its first cluster; `''` where there is none. */
  readonly cluster: string;
  /** `address:port` of the cluster's endpoints where it has them by EDS. */
  readonly hosts: readonly string[];
}

interface Parts extends ListenerExtensions {
  readonly network: Message;
  readonly transport: Message;
  readonly listener: Message;
  readonly accessLog: undefined;
  readonly udp: undefined;
}

type Config = ListenerConfig<Parts>;

/** Runs the proxy's own matching on what it was told. Direction: calls of the workload, or calls to it. */
export function simulate(resources: ProxyResources, direction: 'outbound' | 'inbound', call: TestCall): TestOutcome {
  const { ip = '240.0.0.1', port } = call;
  const listeners = resources.listeners.map(decode);
  const config = find(listeners, direction, { ip, port });
  if (config === undefined) throw new Error(`no listener for ${direction} ${ip}:${port}`);
  const chain = new FilterChainTable(config.chains, config.defaultChain).find({
    destinationIp: ip,
    destinationPort: port,
    serverName: call.tls?.sni ?? '',
    transportProtocol: call.tls === undefined ? 'raw_buffer' : 'tls',
    applicationProtocols: call.tls?.alpn ?? (call.raw === true || call.tls !== undefined ? [] : ['http/1.1']),
    directSourceIp: '10.9.9.9',
    sourceIp: '10.9.9.9',
    sourcePort: 40_000,
  });
  if (chain === undefined) throw new Error(`${config.name} has no filter chain for the call`);
  const base = {
    listener: config.name,
    chain: chain.name,
    secured: chain.transportSocket !== undefined,
    filters: chain.filters.map(({ $typeName }) => $typeName.split('.').at(-1) ?? ''),
  };
  const last = chain.filters.at(-1);
  if (last?.$typeName.endsWith('.TcpProxy') === true) {
    const { case: kind, value } = (last as TcpProxy).clusterSpecifier;
    const cluster = kind === 'cluster' ? value : (value?.clusters[0]?.name ?? '');
    return { ...base, table: '', virtualHost: '', route: undefined, cluster, hosts: hostsOf(resources, cluster) };
  }
  const message = routesOf(resources, last as HttpConnectionManager);
  const route = matchRoute(tableOf(message), headersOf(call, ip), matchContext(call.draw));
  const cluster = route?.clusterName ?? '';
  const virtualHost = route?.virtualHost.name ?? '';
  return { ...base, table: message.name, virtualHost, route, cluster, hosts: hostsOf(resources, cluster) };
}

/** Redirected connections go to the listener of where they were going, as `use_original_dst` has it. */
function find(
  listeners: readonly Config[],
  direction: 'outbound' | 'inbound',
  { ip, port }: { readonly ip: string; readonly port: number },
): Config | undefined {
  const at = (address: string, number: number): Config | undefined =>
    listeners.find(
      ({ address: one, trafficDirection }) =>
        one.kind === 'socket' &&
        one.ip === address &&
        one.port === number &&
        trafficDirection === (direction === 'inbound' ? 'INBOUND' : 'OUTBOUND'),
    );
  const redirect = direction === 'inbound' ? 15_006 : 15_001;
  return at(ip, port) ?? at('0.0.0.0', port) ?? at('127.0.0.1', port) ?? at('0.0.0.0', redirect);
}

function decode(message: Listener): Config {
  const cx = new DecodeContext(sourceNamed(message.name));
  const config = decodeListener<Parts>(message, cx, {
    networkFilter: (place, any) => {
      const filter = place.unpack(any);
      const typeName = filter?.$typeName ?? '';
      return filter && { filter, typeName, terminal: /\.(TcpProxy|HttpConnectionManager)$/.test(typeName) };
    },
    transportSocket: (place, any) => place.unpack(any),
    listenerFilter: (place, any) => place.unpack(any),
    impliedFilter: () => undefined,
    accessLogs: () => undefined,
    udpFilter: () => undefined,
  });
  if (config === undefined) throw new Error(cx.faults.map((fault) => formatFault(fault)).join('\n'));
  return config;
}

function routesOf({ routes }: ProxyResources, manager: HttpConnectionManager): RouteConfiguration {
  const { case: kind, value } = manager.routeSpecifier;
  if (kind === 'routeConfig') return value;
  const name = kind === 'rds' ? value.routeConfigName : '';
  const found = routes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no route configuration "${name}"`);
  return found;
}

function tableOf(message: RouteConfiguration) {
  const cx = new DecodeContext(sourceNamed(message.name));
  const table = decodeRouteConfiguration(message, cx);
  if (table === undefined) throw new Error(cx.faults.map((fault) => formatFault(fault)).join('\n'));
  return table;
}

function headersOf({ method = 'GET', path = '/', host, headers = [] }: TestCall, ip: string): RequestHeaderMap {
  return new RequestHeaderMap(method, path, host ?? ip, [...headers]);
}

function hostsOf({ endpoints }: ProxyResources, cluster: string): string[] {
  const message = endpoints.find(({ clusterName }) => clusterName === cluster);
  if (message === undefined) return [];
  const cx = new DecodeContext(sourceNamed(cluster));
  const assignment = decodeLoadAssignment(message, cx, 'ips');
  if (assignment === undefined) throw new Error(cx.faults.map((fault) => formatFault(fault)).join('\n'));
  return message.endpoints.flatMap(({ lbEndpoints }) =>
    lbEndpoints.map(({ hostIdentifier }) => {
      const address = hostIdentifier.case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      if (address?.case !== 'socketAddress') return address?.case === 'pipe' ? address.value.path : '';
      return `${address.value.address}:${address.value.portSpecifier.value ?? 0}`;
    }),
  );
}
