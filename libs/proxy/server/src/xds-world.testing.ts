import { toBinary } from '@bufbuild/protobuf';
import { DecodeContext, formatFault, loadConfig, registry } from '@weft/api-envoy';
import type { Bootstrap } from '@weft/api-envoy/gen/envoy/config/bootstrap/v3/bootstrap_pb';
import type { GrpcServices } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { StatsStore } from '@weft/observe-metrics';
import type { GrpcService } from '@weft/model-config-source';
import { FakeControlPlane, type ProtocolName, type SentResource } from '@weft/xds-client/testing';
import { get } from 'node:http';
import { parseProxyOptions } from './options.ts';
import { ProxyServer } from './proxy-server.ts';

const CONFIG = 'envoy.config.';
export const CLUSTER = `${CONFIG}cluster.v3.Cluster`;
export const ENDPOINTS = `${CONFIG}endpoint.v3.ClusterLoadAssignment`;
export const LISTENER = `${CONFIG}listener.v3.Listener`;
export const ROUTES = `${CONFIG}route.v3.RouteConfiguration`;
export const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';
export const ADS = '{ads: {}, resource_api_version: V3}';

const ANY = '"@type": type.googleapis.com/envoy.extensions';
const ROUTER = `{name: router, typed_config: {${ANY}.filters.http.router.v3.Router}}`;

/** A filter chain that takes its routes from RDS; `more` is further fields of the chain, `filters` go before the router. */
export function rdsChain(routes: string, more = '', filters = ''): string {
  return `{filters: [{name: hcm, typed_config: {${ANY}.filters.network.http_connection_manager.v3.HttpConnectionManager,
    stat_prefix: in, rds: {route_config_name: ${routes}, config_source: ${ADS}},
    http_filters: [${filters}${ROUTER}]}}]${more}}`;
}

/** The field of a chain whose certificate comes by SDS. */
export function sdsSocket(secret: string): string {
  return `, transport_socket: {name: tls, typed_config: {${ANY}.transport_sockets.tls.v3.DownstreamTlsContext,
    common_tls_context: {tls_certificate_sds_secret_configs: [{name: ${secret}, sds_config: ${ADS}}]}}}`;
}

/** The field of a cluster whose certificate comes by SDS. */
export function upstreamSdsSocket(secret: string): string {
  return `, transport_socket: {name: tls, typed_config: {${ANY}.transport_sockets.tls.v3.UpstreamTlsContext,
    common_tls_context: {tls_certificate_sds_secret_configs: [{name: ${secret}, sds_config: ${ADS}}]}}}`;
}

export function listener(name: string, chain: string, more = ''): SentResource {
  return resource(
    LISTENER,
    name,
    `{name: ${name}, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [${chain}]${more}}`,
  );
}

/** Routes that answer every request with a text. */
export function routes(name: string, text: string): SentResource {
  const action = `{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: ${text}}}}`;
  return resource(ROUTES, name, `{name: ${name}, virtual_hosts: [{name: v, domains: ["*"], routes: [${action}]}]}`);
}

export function cluster(name: string, more = ''): SentResource {
  return resource(
    CLUSTER,
    name,
    `{name: ${name}, type: EDS, connect_timeout: 1s, eds_cluster_config: {eds_config: ${ADS}}${more}}`,
  );
}

export function endpoints(name: string, ...ports: readonly number[]): SentResource {
  const hosts = ports.map(
    (port) => `{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}`,
  );
  return resource(ENDPOINTS, name, `{cluster_name: ${name}, endpoints: [{lb_endpoints: [${hosts.join()}]}]}`);
}

/** From YAML. */
export function resource(typeName: string, name: string, text: string): SentResource {
  const { message, faults } = loadConfig({ text, file: name, typeName });
  if (message === undefined) throw new Error(faults.map(formatFault).join('\n'));
  return { name, octets: toBinary(registry().getMessage(typeName)!, message) };
}

export interface XdsWorld {
  readonly proxy: ProxyServer;
  readonly server: FakeControlPlane;
  readonly runtime: FakeRuntime;
  readonly store: StatsStore;
  /** What calls of other services than discovery were sent, and by which service they are reached. */
  readonly called: GrpcService[];
  /** Of `ProxyServer.start`. */
  readonly started: Promise<void>;
  send(typeName: string, version: string, resources: readonly SentResource[], removed?: readonly string[]): void;
  /** Waits until `ready` holds: for what a few turns of the event loop bring. */
  until(ready: () => boolean): Promise<void>;
  /** Lets everything happen that can happen now. */
  settle(): Promise<void>;
  /** The body of the answer of a listener, or why there is none. */
  ask(listener: string): Promise<string>;
  /** The names of listeners in each state. */
  listeners(): { active: string[]; warming: string[] };
  clusters(): { active: string[]; warming: string[] };
  stop(): Promise<void>;
}

export interface XdsWorldOptions {
  /** Further YAML of the bootstrap, at its top level. */
  readonly more?: string;
  /** Static listeners in YAML. */
  readonly listeners?: string;
  /** Further static clusters in YAML. */
  readonly clusters?: string;
  /** Where clusters come from. Default: the aggregated stream. */
  readonly cds?: string;
  /** Answered beside discovery. */
  readonly services?: GrpcServices;
}

/** A proxy whose aggregated stream ends in the memory of the test. */
export function createXdsWorld(protocol: ProtocolName, options: XdsWorldOptions = {}): XdsWorld {
  const server = new FakeControlPlane(protocol);
  const grpc = new InMemoryGrpc(new Map([...server.services(), ...(options.services ?? [])]), { eager: true });
  const runtime = createFakeRuntime();
  const store = new StatsStore();
  const called: GrpcService[] = [];
  const message = bootstrap(protocol, options);
  const parsed = parseProxyOptions(['-c', 'x.yaml']);
  if (parsed.kind !== 'options') throw new Error('flags');
  const cx = new DecodeContext({ file: 'x.yaml', position: () => undefined });
  const proxy = ProxyServer.decode(message, cx, {
    options: parsed.options,
    runtime,
    store,
    channels: (service) => {
      called.push(service);
      return { call: (path, receiver, more) => grpc.call(path, receiver, more), close: () => undefined };
    },
  });
  if (proxy === undefined) throw new Error(cx.faults.map(formatFault).join('\n'));
  const started = proxy.start();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const names = (list: readonly { readonly message: { readonly name: string } }[]): string[] =>
    list.map((entry) => entry.message.name);
  return {
    proxy,
    server,
    runtime,
    store,
    called,
    started,
    send: (typeName, version, resources, removed) =>
      server.send({ typeName, version, resources, ...(removed === undefined ? {} : { removed }) }),
    until: async (ready) => {
      for (let i = 0; i < 2000 && !ready(); i += 1) await turn();
      if (!ready()) throw new Error(`waited in vain for ${ready.toString()}\n${runtime.logged.join('')}`);
    },
    settle: async () => {
      for (let i = 0; i < 20; i += 1) await turn();
    },
    ask: (name) => {
      const found = proxy.listeners.all.find((managed) => managed.message.name === name);
      return found?.listener.address?.port === undefined
        ? Promise.resolve('not there')
        : answerOf(found.listener.address.port);
    },
    listeners: () => ({ active: names(proxy.listeners.all), warming: names(proxy.listeners.allWarming) }),
    clusters: () => ({ active: names(proxy.clusters.all), warming: names(proxy.clusters.allWarming) }),
    stop: async () => {
      await proxy.stop();
      // What waits to start waits no longer.
      runtime.timers.advance(60_000);
    },
  };
}

function bootstrap(protocol: ProtocolName, options: XdsWorldOptions): Bootstrap {
  const { more = '', listeners = '', clusters = '', cds = ADS } = options;
  const text = `
node: {id: n1, cluster: c1}
dynamic_resources:
  ads_config: {api_type: ${protocol === 'sotw' ? 'GRPC' : 'DELTA_GRPC'}, transport_api_version: V3, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}
  cds_config: ${cds}
  lds_config: ${ADS}
static_resources:
  clusters: [{name: xds, type: STATIC, connect_timeout: 1s}, ${clusters}]
  listeners: [${listeners}]
${more}
`;
  const typeName = 'envoy.config.bootstrap.v3.Bootstrap';
  const { message, faults } = loadConfig({ text, file: 'x.yaml', typeName });
  if (message === undefined) throw new Error(faults.map(formatFault).join('\n'));
  return message as Bootstrap;
}

function answerOf(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
