import type { Message } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type {
  DeltaDiscoveryResponse,
  DiscoveryResponse,
  Resource as WireResource,
} from '@weft/api-envoy/gen/envoy/service/discovery/v3/discovery_pb';
import type { GrpcCall, GrpcChannel, GrpcStatus } from '@weft/core-grpc';
import { makeMessage, readMessage, writeMessage } from './messages.ts';
import { referencesOf, type Reference } from './references.ts';
import { encodeResource, type Resource, type ResourceOptions } from './resource.ts';
import { shortType, TYPE_URL } from './type-urls.ts';
import { AGGREGATED_SERVICE } from './xds-services.ts';

/** One response as a test reads it, of either protocol. */
export interface ReceivedResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly names: readonly string[];
  readonly removed: readonly string[];
  /** Resources without content that live on, with their TTL in milliseconds: `a 3000`. They are not among `names`. */
  readonly heartbeats: readonly string[];
  /** The TTL of each resource that has one, in milliseconds. */
  readonly ttls: ReadonlyMap<string, number>;
  /** What each of the resources names. */
  readonly references: ReadonlyMap<string, readonly Reference[]>;
  /** The version of each resource; delta only. */
  readonly versions: ReadonlyMap<string, string>;
  readonly octets: number;
}

export interface TestProxyOptions {
  readonly protocol: 'sotw' | 'delta';
  readonly node?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Client features. */
  readonly features?: readonly string[];
  /** Answers each response at once. Default: true. */
  readonly acknowledge?: boolean;
  /** Default: the aggregated service. */
  readonly path?: string;
  readonly onResponse?: (response: ReceivedResponse) => void;
  /** `status` is there. */
  readonly onEnd?: () => void;
}

/** A proxy that speaks either protocol, for tests and measurements. It keeps names and versions, not resources. */
export class TestProxy {
  readonly responses: ReceivedResponse[] = [];
  readonly has = new Map<string, Map<string, string>>();
  readonly protocol: 'sotw' | 'delta';
  status: GrpcStatus | undefined;
  private readonly options: TestProxyOptions;
  private readonly call: GrpcCall;
  private readonly subscribed = new Map<string, readonly string[]>();
  private readonly acknowledged = new Map<string, string>();
  private first = true;

  constructor(channel: GrpcChannel, options: TestProxyOptions) {
    this.options = options;
    this.protocol = options.protocol;
    const method = options.protocol === 'sotw' ? 'StreamAggregatedResources' : 'DeltaAggregatedResources';
    this.call = channel.call(options.path ?? `/${AGGREGATED_SERVICE}/${method}`, {
      onMessage: (octets) => this.received(octets),
      onEnd: (status) => {
        this.status = status;
        options.onEnd?.();
      },
    });
  }

  /** Wants `names` of a type and nothing else of it; none is the empty first request. `fields` go along. */
  subscribe(typeUrl: string, names: readonly string[] = [], fields: object = {}): void {
    const before = this.subscribed.get(typeUrl) ?? [];
    this.subscribed.set(typeUrl, names);
    if (this.options.protocol === 'sotw')
      return this.send(typeUrl, { resourceNames: names, responseNonce: this.nonceOf(typeUrl), ...fields });
    this.send(typeUrl, {
      resourceNamesSubscribe: names.filter((name) => !before.includes(name)),
      resourceNamesUnsubscribe: before.filter((name) => !names.includes(name)),
      ...fields,
    });
  }

  acknowledge({ typeUrl, nonce, version }: ReceivedResponse): void {
    this.acknowledged.set(typeUrl, version);
    this.answer(typeUrl, nonce, {});
  }

  refuse({ typeUrl, nonce }: ReceivedResponse, message: string): void {
    this.answer(typeUrl, nonce, { errorDetail: { code: 3, message } });
  }

  /** Any request, in the protocol's own fields; the node goes with the first. */
  send(typeUrl: string, fields: object): void {
    const type = this.options.protocol === 'sotw' ? 'DiscoveryRequest' : 'DeltaDiscoveryRequest';
    const { node: id = 'proxy-1', metadata = {}, features: clientFeatures = [] } = this.options;
    const node = this.first ? { node: { id, metadata, clientFeatures } } : {};
    this.first = false;
    const message = makeMessage<Message>(`envoy.service.discovery.v3.${type}`, { typeUrl, ...node, ...fields });
    this.call.send(writeMessage(message));
  }

  cancel(): void {
    this.call.cancel();
  }

  /** `cds a b -c`: what came, in order, from `from` on. */
  story(from = 0): readonly string[] {
    return this.responses
      .slice(from)
      .map(({ typeUrl, names, removed }) =>
        [shortType(typeUrl), ...[...names].sort(), ...[...removed].sort().map((name) => `-${name}`)].join(' '),
      );
  }

  private answer(typeUrl: string, nonce: string, error: object): void {
    const names = this.subscribed.get(typeUrl) ?? [];
    const sotw = { resourceNames: names, versionInfo: this.acknowledged.get(typeUrl) ?? '' };
    this.send(typeUrl, { responseNonce: nonce, ...(this.options.protocol === 'sotw' ? sotw : {}), ...error });
  }

  private nonceOf(typeUrl: string): string {
    return this.responses.findLast((response) => response.typeUrl === typeUrl)?.nonce ?? '';
  }

  private received(octets: Uint8Array): void {
    const response = this.options.protocol === 'sotw' ? readSotw(octets) : readDelta(octets);
    const { typeUrl } = response;
    const has = this.has.get(typeUrl) ?? new Map<string, string>();
    this.has.set(typeUrl, has);
    for (const name of response.names) has.set(name, response.version);
    for (const name of response.removed) has.delete(name);
    this.responses.push(response);
    if (this.options.acknowledge !== false) this.acknowledge(response);
    this.options.onResponse?.(response);
  }
}

const WRAPPER = 'envoy.service.discovery.v3.Resource';

function readSotw(octets: Uint8Array): ReceivedResponse {
  const response = readMessage<DiscoveryResponse>('envoy.service.discovery.v3.DiscoveryResponse', octets);
  if (response === undefined) throw new Error('the server sent no DiscoveryResponse');
  const { typeUrl, nonce, versionInfo: version, resources } = response;
  const unwrapped = resources.map((any) =>
    any.typeUrl.endsWith(`/${WRAPPER}`) ? (readMessage<WireResource>(WRAPPER, any.value) as WireResource) : any,
  );
  return { typeUrl, nonce, version, removed: [], octets: octets.length, ...contentsOf(unwrapped) };
}

function readDelta(octets: Uint8Array): ReceivedResponse {
  const response = readMessage<DeltaDiscoveryResponse>('envoy.service.discovery.v3.DeltaDiscoveryResponse', octets);
  if (response === undefined) throw new Error('the server sent no DeltaDiscoveryResponse');
  const { typeUrl, nonce, systemVersionInfo: version, resources, removedResources: removed } = response;
  return { typeUrl, nonce, version, removed, octets: octets.length, ...contentsOf(resources) };
}

type Contents = Pick<ReceivedResponse, 'names' | 'heartbeats' | 'ttls' | 'references' | 'versions'>;

function contentsOf(resources: readonly (Any | WireResource)[]): Contents {
  const references = new Map<string, readonly Reference[]>();
  const ttls = new Map<string, number>();
  const versions = new Map<string, string>();
  const heartbeats: string[] = [];
  for (const one of resources) {
    const wrapper = one.$typeName === WRAPPER ? one : undefined;
    const any = one.$typeName === WRAPPER ? one.resource : one;
    const ttl = wrapper?.ttl === undefined ? undefined : Number(wrapper.ttl.seconds) * 1000 + wrapper.ttl.nanos / 1e6;
    if (any === undefined) {
      heartbeats.push(`${wrapper?.name ?? ''} ${String(ttl)}`);
      continue;
    }
    const message = readMessage(any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1), any.value);
    if (message === undefined) throw new Error(`the server sent a ${any.typeUrl} that is none`);
    const named = message as { name?: string; clusterName?: string };
    const name = named.name ?? named.clusterName ?? '';
    references.set(name, referencesOf(message));
    if (ttl !== undefined) ttls.set(name, ttl);
    if (wrapper !== undefined) versions.set(name, wrapper.version);
  }
  return { names: [...references.keys()], heartbeats, ttls, references, versions };
}

/** A cluster that finds its endpoints by EDS. `mark` makes another content. */
export function testCluster(name: string, mark = 1, options?: ResourceOptions): Resource {
  return encodeResource(
    makeMessage('envoy.config.cluster.v3.Cluster', {
      name,
      clusterDiscoveryType: { case: 'type', value: 3 },
      edsClusterConfig: { edsConfig: ADS },
      connectTimeout: { seconds: BigInt(mark), nanos: 0 },
    }),
    options,
  );
}

/** One endpoint on loopback. */
export function testEndpoints(cluster: string, port = 8080, options?: ResourceOptions): Resource {
  const address = {
    case: 'socketAddress',
    value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } },
  };
  const endpoint = { address: { address } };
  return encodeResource(
    makeMessage('envoy.config.endpoint.v3.ClusterLoadAssignment', {
      clusterName: cluster,
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: 'endpoint', value: endpoint } }] }],
    }),
    options,
  );
}

/** An HTTP listener with the route configuration `route`. */
export function testListener(name: string, route: string, port = 9000): Resource {
  const manager = makeMessage('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    statPrefix: name,
    routeSpecifier: { case: 'rds', value: { configSource: ADS, routeConfigName: route } },
    httpFilters: [{ name: 'router', configType: { case: 'typedConfig', value: anyOf(ROUTER) } }],
  });
  const typedConfig = anyOf(manager);
  const address = {
    case: 'socketAddress',
    value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } },
  };
  return encodeResource(
    makeMessage('envoy.config.listener.v3.Listener', {
      name,
      address: { address },
      filterChains: [{ filters: [{ name: 'http', configType: { case: 'typedConfig', value: typedConfig } }] }],
    }),
  );
}

/** All requests to `cluster`. */
export function testRoute(name: string, cluster: string): Resource {
  return testRoutes(name, [[cluster, '*']]);
}

/** Each host's requests to its cluster. */
export function testRoutes(name: string, hosts: readonly (readonly [cluster: string, domain: string])[]): Resource {
  const match = { pathSpecifier: { case: 'prefix', value: '/' } };
  const virtualHosts = hosts.map(([cluster, domain]) => ({
    name: cluster,
    domains: [domain],
    routes: [{ match, action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: cluster } } } }],
  }));
  return encodeResource(makeMessage('envoy.config.route.v3.RouteConfiguration', { name, virtualHosts }));
}

const ROUTER = makeMessage('envoy.extensions.filters.http.router.v3.Router', {});

function anyOf(message: Message): { typeUrl: string; value: Uint8Array } {
  return { typeUrl: `type.googleapis.com/${message.$typeName}`, value: writeMessage(message) };
}

const ADS = { configSourceSpecifier: { case: 'ads', value: {} }, resourceApiVersion: 2 };

/** Clusters, endpoints, one listener and one route to `cluster`: a small consistent mesh. */
export function testMesh(clusters: readonly string[], cluster: string): readonly Resource[] {
  return [
    ...clusters.flatMap((name) => [testCluster(name), testEndpoints(name)]),
    testListener('web', 'web'),
    testRoute('web', cluster),
  ];
}

/** Subscribes as Envoy does: clusters, their endpoints as they come, listeners, their routes. */
export function subscribeAsEnvoy(
  proxy: TestProxy,
  routes: readonly string[] = ['web'],
): (response: ReceivedResponse) => void {
  proxy.subscribe(TYPE_URL.cluster);
  let listening = false;
  return ({ typeUrl, names }) => {
    if (typeUrl === TYPE_URL.cluster) proxy.subscribe(TYPE_URL.endpoint, names);
    if (typeUrl === TYPE_URL.endpoint && !listening) {
      listening = true;
      proxy.subscribe(TYPE_URL.listener);
    }
    if (typeUrl === TYPE_URL.listener) proxy.subscribe(TYPE_URL.route, routes);
  };
}
