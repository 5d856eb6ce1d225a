import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { Filter, FilterChain } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_components_pb';
import type { RouteConfiguration } from '@weft/api-envoy/gen/envoy/config/route/v3/route_pb';
import { isIP } from 'node:net';
import {
  inboundPorts,
  isHttp,
  mtlsMode,
  programAddress,
  workloadOf,
  refText,
  type EffectiveMtls,
  type InboundPort,
} from '@weft/control-mesh';
import { httpAuthorization, networkAuthorization } from './authorization-filters.ts';
import { asksServerName, isAudited } from './authorization-steps.ts';
import type { TranslateContext } from './context.ts';
import { gatewayTlsSocket } from './gateway-tls.ts';
import { httpFilter, tcpFilter } from './hcm.ts';
import {
  HTTP_PROTOCOLS,
  httpInspector,
  INBOUND,
  inspected,
  listenAddress,
  listener,
  originalDst,
  socketAddress,
  tlsInspector,
} from './listener.ts';
import {
  BLACK_HOLE_CLUSTER,
  INBOUND_PASSTHROUGH_CLUSTER,
  VIRTUAL_INBOUND,
  VIRTUAL_INBOUND_PORT,
  inboundCluster,
} from './names.ts';
import { accessLogs, observed } from './observability.ts';
import { make, type Init } from './proto.ts';
import type { ResourceDraft } from './resources.ts';
import { timeouts } from './route-action.ts';
import { ANY_PATH } from './route-match.ts';
import { downstreamTls, MESH_ALPN, meshTls } from './tls-context.ts';
import { policyFields } from './traffic-policy.ts';

/** Calls to the workload: a cluster for each of its ports, and the listener or listeners that they arrive at. */
export function inbound(cx: TranslateContext, draft: ResourceDraft): void {
  if (cx.proxy.role !== 'sidecar') return;
  const ports = inboundPorts(cx.snapshot, cx.proxy);
  const made = new Set<number>();
  for (const port of ports)
    if (!made.has(port.servicePort)) {
      made.add(port.servicePort);
      draft.clusters.push(appCluster(cx, port));
    }
  const captured = cx.proxy.traffic === 'capture';
  const bound = ports.filter(({ ingress: { captureMode = 'DEFAULT' } = {} }) =>
    captured ? captureMode === 'NONE' : captureMode !== 'IPTABLES',
  );
  if (captured)
    draft.listeners.push(
      virtualInbound(
        cx,
        ports.filter((port) => !bound.includes(port)),
      ),
    );
  for (const port of bound) draft.listeners.push(portListener(cx, port));
}

/** The program itself, on the loopback interface unless its Sidecar says where else. */
function appCluster({ snapshot, proxy }: TranslateContext, port: InboundPort): Cluster {
  const { servicePort, protocol, connectionPool } = port;
  const name = inboundCluster(servicePort);
  const addresses = workloadOf(snapshot, proxy)?.addresses ?? proxy.addresses;
  const at = programAddress(port, { addresses });
  const address = 'path' in at ? listenAddress(`unix://${at.path}`, 0) : socketAddress(at.address, at.port);
  return make<Cluster>('envoy.config.cluster.v3.Cluster', {
    ...policyFields(connectionPool === undefined ? {} : { connectionPool }, protocol),
    name,
    clusterDiscoveryType: { case: 'type', value: 0 },
    lbPolicy: 0,
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: { address } } }] }],
    },
    ...('path' in at || proxy.traffic !== 'capture' ? {} : fromPassthrough(at.address)),
  });
}

/** Calls to an own address that is not the loopback's would arrive at the proxy again, but for those from here. */
function fromPassthrough(address: string): Pick<Init<Cluster>, 'upstreamBindConfig'> {
  if (address === '127.0.0.1' || address === '::1') return {};
  const source = isIP(address) === 6 ? '::6' : '127.0.0.6';
  return {
    upstreamBindConfig: { sourceAddress: { address: source, portSpecifier: { case: 'portValue', value: 0 } } },
  };
}

/**
 * Where iptables sends calls: the chain is chosen by where they were going. Ports that no service has pass through. It hands
 * over to no other listener: that of outbound calls to the same port would take them.
 */
function virtualInbound(cx: TranslateContext, ports: readonly InboundPort[]): Listener {
  const chains = ports.flatMap((port) =>
    portChains(cx, port).map((chain) => ({
      ...chain,
      filterChainMatch: { ...chain.filterChainMatch, destinationPort: port.listenPort },
    })),
  );
  return listener({
    name: VIRTUAL_INBOUND,
    address: socketAddress('0.0.0.0', VIRTUAL_INBOUND_PORT),
    trafficDirection: INBOUND,
    ...inspected([originalDst(), tlsInspector(), httpInspector()]),
    // Who calls the port itself would be sent back to it for ever.
    filterChains: [
      {
        name: 'virtualInbound-blackhole',
        filterChainMatch: { destinationPort: VIRTUAL_INBOUND_PORT },
        filters: [tcpFilter(BLACK_HOLE_CLUSTER, [{ cluster: BLACK_HOLE_CLUSTER, weight: 1 }])],
      },
      ...chains,
    ],
    ...otherPorts(cx),
  });
}

/** Calls to ports that nobody described are the workload's own affair, unless plaintext is not taken at all. */
function otherPorts(cx: TranslateContext): Init<Listener> {
  if (modeAt(cx, 0).mode === 'STRICT') return {};
  const filters = [
    ...networkAuthorization(cx),
    tcpFilter(INBOUND_PASSTHROUGH_CLUSTER, [{ cluster: INBOUND_PASSTHROUGH_CLUSTER, weight: 1 }]),
  ];
  return { defaultFilterChain: { name: 'virtualInbound-catchall-tcp', filters } };
}

/** One port of a workload whose traffic is not redirected: clients call the proxy's own port. */
function portListener(cx: TranslateContext, port: InboundPort): Listener {
  const { mode } = modeAt(cx, port.appPort);
  const guessed = port.protocol === 'auto';
  // With STRICT nothing is to be told apart: a plaintext client fails the handshake, which names what it spoke.
  const inspectors =
    mode === 'STRICT'
      ? asksServerName(cx)
        ? [tlsInspector()]
        : []
      : [...(mode === 'PERMISSIVE' ? [tlsInspector()] : []), ...(guessed ? [httpInspector()] : [])];
  const address = (port.ingress?.bind ?? '') || bindAddress(cx);
  return listener({
    name: `inbound_${address}_${port.listenPort}`,
    address: socketAddress(address, port.listenPort),
    trafficDirection: INBOUND,
    ...inspected(inspectors),
    filterChains: portChains(cx, port),
  });
}

/** Where clients are told to call; a workload of several addresses, or of a name, is reachable at all. */
function bindAddress({ snapshot, proxy }: TranslateContext): string {
  const [address = '', ...others] = workloadOf(snapshot, proxy)?.addresses ?? proxy.addresses;
  return others.length === 0 && isIP(address) !== 0 ? address : '0.0.0.0';
}

/** By the port that the program listens at, which is the one that PeerAuthentication names. */
function modeAt(cx: TranslateContext, port: number): EffectiveMtls {
  const { namespace, labels } = cx.proxy;
  return mtlsMode(cx.snapshot, { namespace, labels, port });
}

/** The proxy's log has it where a client speaks plaintext: which port is meant, and who says so. */
function strictName({ listenPort, appPort }: InboundPort, { source }: EffectiveMtls): string {
  return `${listenPort}-mtls: STRICT at port ${appPort}${source === undefined ? '' : ` by ${refText(source.ref)}`}`;
}

/** STRICT: mutual TLS or nothing. PERMISSIVE: also plaintext, and TLS that is the program's own. DISABLE: as it comes. */
function portChains(cx: TranslateContext, port: InboundPort): Init<FilterChain>[] {
  const name = `${port.listenPort}`;
  const transportSocket = downstreamTls({
    requireClientCertificate: true,
    commonTlsContext: meshTls([], isHttp(port.protocol) ? ['h2', 'http/1.1'] : [MESH_ALPN]),
  });
  const effective = modeAt(cx, port.appPort);
  const { mode } = effective;
  const secured: Init<FilterChain> = { name: `${name}-mtls`, transportSocket, filters: portFilters(cx, port) };
  if (mode === 'STRICT') return [{ ...secured, name: strictName(port, effective) }];
  const tls = mode === 'DISABLE' ? ownTls(port) : undefined;
  if (tls !== undefined) return [{ name: `${name}-tls`, transportSocket: tls, filters: portFilters(cx, port) }];
  const plain = plainChains(cx, port);
  if (mode === 'DISABLE') return plain;
  return [
    {
      ...secured,
      filterChainMatch: { transportProtocol: 'tls', applicationProtocols: [...MESH_ALPNS] },
    },
    ...plain.map((chain) => ({
      ...chain,
      filterChainMatch: { ...chain.filterChainMatch, transportProtocol: 'raw_buffer' },
    })),
    // Requests inside the program's own TLS cannot be seen: bytes are passed on.
    {
      name: `${name}-own-tls`,
      filterChainMatch: { transportProtocol: 'tls' },
      filters: [...networkAuthorization(cx), appFilter(cx, port)],
    },
  ];
}

/** TLS that a Sidecar has ended here, with certificates of its own: only where mutual TLS is off. */
function ownTls({ ingress, protocol }: InboundPort) {
  const { mode = 'PASSTHROUGH', ...settings } = ingress?.tls ?? {};
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') return undefined;
  return gatewayTlsSocket({ mode, credentials: [], settings }, isHttp(protocol));
}

/** What clients of the mesh offer, ours and Istio's. */
const MESH_ALPNS = ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'] as const;

/** Without TLS: a port whose protocol nobody named is told by its first bytes. */
function plainChains(cx: TranslateContext, port: InboundPort): Init<FilterChain>[] {
  const name = `${port.listenPort}`;
  if (port.protocol !== 'auto') return [{ name, filters: portFilters(cx, port) }];
  return [
    {
      name: `${name}-http`,
      filterChainMatch: { applicationProtocols: [...HTTP_PROTOCOLS] },
      filters: [...requestFilters(cx, port)],
    },
    { name, filters: [...networkAuthorization(cx), appFilter(cx, port)] },
  ];
}

function portFilters(cx: TranslateContext, port: InboundPort): Init<Filter>[] {
  if (isHttp(port.protocol)) return requestFilters(cx, port);
  return [...networkAuthorization(cx), appFilter(cx, port)];
}

function appFilter(cx: TranslateContext, { servicePort }: InboundPort): Init<Filter> {
  const cluster = inboundCluster(servicePort);
  return tcpFilter(cluster, [{ cluster, weight: 1 }], {
    accessLog: accessLogs(cx, 'tcp', { audited: isAudited(cx) }),
  });
}

function requestFilters(cx: TranslateContext, port: InboundPort): Init<Filter>[] {
  return [
    httpFilter({
      direction: 'inbound',
      statPrefix: `inbound_0.0.0.0_${port.listenPort}`,
      routes: inboundRoutes(port),
      observed: observed(cx, { audited: isAudited(cx) }),
      filters: httpAuthorization(cx),
    }),
  ];
}

function inboundRoutes({ servicePort, service }: InboundPort): RouteConfiguration {
  const cluster = inboundCluster(servicePort);
  return make<RouteConfiguration>('envoy.config.route.v3.RouteConfiguration', {
    name: cluster,
    validateClusters: false,
    virtualHosts: [
      {
        name: `inbound|http|${servicePort}`,
        domains: ['*'],
        routes: [
          {
            name: 'default',
            match: ANY_PATH,
            ...(service === undefined ? {} : { decorator: { operation: `${service.hostname}:${servicePort}/*` } }),
            action: {
              case: 'route',
              value: { clusterSpecifier: { case: 'cluster', value: cluster }, ...timeouts(undefined) },
            },
          },
        ],
      },
    ],
  });
}
