import type { Message } from '@bufbuild/protobuf';
import type { InMemoryGrpc } from '@weft/core-grpc/testing';
import assert from 'node:assert/strict';
import { makeMessage, writeMessage } from './messages.ts';
import type { Reference } from './references.ts';
import { encodeResource, type Resource } from './resource.ts';
import { TestProxy, testListener, testRoutes, type ReceivedResponse } from './testing.ts';
import { TYPE_URL } from './type-urls.ts';

/** A generator of one seed, so that a failure can be run again. Source: Park and Miller. */
export function seeded(seed: number): (bound: number) => number {
  let state = seed * 48271 + 1;
  return (bound) => {
    state = (state * 48271) % 0x7fffffff;
    return state % bound;
  };
}

/** Whatever names this is refused. */
const POISON = 'poison';

/** How a proxy takes a response with something bad in it: nothing of it, or all else. */
export type Refusing = 'nothing is used' | 'others are used';

/** What a proxy would serve with, and what would fail. It answers when told, in any order of the types, and refuses what is bad. */
export class ModelProxy {
  readonly clusters = new Set<string>();
  readonly endpoints = new Set<string>();
  readonly listeners = new Set<string>();
  /** The clusters of each route: `a` or `a b`. */
  readonly routes = new Map<string, string>();
  proxy: TestProxy;
  private readonly net: InMemoryGrpc;
  private readonly protocol: 'sotw' | 'delta';
  private readonly refusing: Refusing;
  private unanswered: ReceivedResponse[] = [];
  /** The version of what it took last of each type, and of each resource. */
  private readonly versions = new Map<string, string>();
  private readonly resourceVersions = new Map<string, Map<string, string>>();
  /** State of the world: whoever comes back may have routes whose clusters the server does not know of. */
  private cameBack = false;

  constructor(net: InMemoryGrpc, protocol: 'sotw' | 'delta', refusing: Refusing = 'nothing is used') {
    this.net = net;
    this.protocol = protocol;
    this.refusing = refusing;
    this.proxy = this.connect();
    this.proxy.subscribe(TYPE_URL.cluster);
    this.proxy.subscribe(TYPE_URL.listener);
  }

  /** The stream ends, and a new one begins with what the proxy has. */
  reconnect(): void {
    this.proxy.cancel();
    this.unanswered = [];
    this.cameBack = true;
    this.proxy = this.connect();
    this.resume(TYPE_URL.cluster, []);
    this.resume(TYPE_URL.listener, []);
    if (this.clusters.size > 0) this.resume(TYPE_URL.endpoint, this.clusters);
    if (this.listeners.size > 0) this.resume(TYPE_URL.route, this.listeners);
  }

  private resume(typeUrl: string, names: Iterable<string>): void {
    const initialResourceVersions = Object.fromEntries(this.resourceVersions.get(typeUrl) ?? []);
    const versionInfo = this.versions.get(typeUrl) ?? '';
    this.proxy.subscribe(typeUrl, [...names], this.protocol === 'sotw' ? { versionInfo } : { initialResourceVersions });
  }

  /** Answers one of the responses that wait for it. */
  answerOne(below: (bound: number) => number): void {
    const [next] = this.unanswered.splice(below(Math.max(1, this.unanswered.length)), 1);
    if (next !== undefined) this.answer(next);
  }

  answerAll(): void {
    for (const response of this.unanswered.splice(0)) this.answer(response);
  }

  private connect(): TestProxy {
    const { protocol } = this;
    return new TestProxy(this.net, { protocol, acknowledge: false, onResponse: (response) => this.take(response) });
  }

  private answer(response: ReceivedResponse): void {
    const bad = response.names.filter((name) => isBad(response, name));
    if (bad.length > 0) return this.proxy.refuse(response, `${bad.join(' and ')} will not do`);
    this.proxy.acknowledge(response);
  }

  private take(response: ReceivedResponse): void {
    this.unanswered.push(response);
    const isRefused = response.names.some((name) => isBad(response, name));
    if (isRefused && this.refusing === 'nothing is used') return;
    const names = response.names.filter((name) => !isBad(response, name));
    if (!isRefused) this.versions.set(response.typeUrl, response.version);
    const before = new Map(this.routes);
    this.use(response, names);
    this.check(before);
  }

  private use(response: ReceivedResponse, names: readonly string[]): void {
    const { typeUrl, removed, references } = response;
    this.keepVersions(typeUrl, names, response);
    if (typeUrl === TYPE_URL.cluster) {
      this.replace(this.clusters, response, names);
      for (const name of this.endpoints)
        if (!this.clusters.has(name)) {
          this.endpoints.delete(name);
          this.resourceVersions.get(TYPE_URL.endpoint)?.delete(name);
        }
      this.proxy.subscribe(TYPE_URL.endpoint, [...this.clusters]);
    } else if (typeUrl === TYPE_URL.listener) {
      this.replace(this.listeners, response, names);
      for (const name of this.routes.keys())
        if (!this.listeners.has(name)) {
          this.routes.delete(name);
          this.resourceVersions.get(TYPE_URL.route)?.delete(name);
        }
      if (this.listeners.size > 0 || this.protocol === 'delta')
        this.proxy.subscribe(TYPE_URL.route, [...this.listeners]);
    } else if (typeUrl === TYPE_URL.endpoint) {
      for (const name of names) this.endpoints.add(name);
      for (const name of removed) {
        // Of endpoints that never came it may be said that there are none.
        const used = this.endpoints.delete(name) && this.clusters.has(name);
        assert.equal(used, false, `the endpoints of ${name} went before it did`);
      }
    } else for (const name of names) this.routes.set(name, clustersOf(references.get(name)));
  }

  private keepVersions(typeUrl: string, names: readonly string[], { removed, versions }: ReceivedResponse): void {
    const kept = this.resourceVersions.get(typeUrl) ?? new Map<string, string>();
    this.resourceVersions.set(typeUrl, kept);
    for (const name of names) kept.set(name, versions.get(name) ?? '');
    for (const name of removed) kept.delete(name);
  }

  /** In state of the world what is missing goes; of what is refused the proxy keeps what it has. */
  private replace(set: Set<string>, response: ReceivedResponse, names: readonly string[]): void {
    if (this.protocol === 'sotw') for (const name of set) if (!response.names.includes(name)) set.delete(name);
    for (const name of names) set.add(name);
    for (const name of response.removed) set.delete(name);
  }

  private check(before: ReadonlyMap<string, string>): void {
    const isKnown = this.protocol === 'delta' || !this.cameBack;
    for (const [route, cluster] of [...this.routes].flatMap(eachCluster)) {
      if (!isKnown && this.routes.get(route) === before.get(route)) continue;
      assert.equal(this.clusters.has(cluster), true, `${route} goes to ${cluster}, which is not there`);
      assert.equal(this.endpoints.has(cluster), true, `${route} goes to ${cluster}, which has no endpoints yet`);
    }
  }
}

function clustersOf(references: readonly Reference[] = []): string {
  return references.map(({ name }) => name).join(' ');
}

function eachCluster([route, clusters]: readonly [string, string]): (readonly [route: string, cluster: string])[] {
  return clusters.split(' ').map((cluster) => [route, cluster]);
}

/** Routes with a virtual host for each cluster of `a b`, the first `x`, the second `y`. */
export function hostsTo(name: string, clusters: string): Resource {
  const match = { pathSpecifier: { case: 'prefix', value: '/' } };
  const virtualHosts = clusters.split(' ').map((cluster, i) => ({
    name: 'xyz'.charAt(i),
    domains: ['xyz'.charAt(i)],
    routes: [{ match, action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: cluster } } } }],
  }));
  return encodeResource(makeMessage('envoy.config.route.v3.RouteConfiguration', { name, virtualHosts }));
}

function isBad({ references }: ReceivedResponse, name: string): boolean {
  return references.get(name)?.some((reference) => reference.name === POISON) === true;
}

/** A cluster that the model refuses. */
export function badCluster(name: string): Resource {
  const source = { configSourceSpecifier: { case: 'ads', value: {} } };
  const tls = makeMessage<Message>('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: POISON, sdsConfig: source }] },
  });
  const value = { typeUrl: `type.googleapis.com/${tls.$typeName}`, value: writeMessage(tls) };
  return encodeResource(
    makeMessage('envoy.config.cluster.v3.Cluster', {
      name,
      clusterDiscoveryType: { case: 'type', value: 3 },
      edsClusterConfig: { edsConfig: source },
      transportSocket: { name: 'tls', configType: { case: 'typedConfig', value } },
    }),
  );
}

/** A listener that the model refuses. */
export function badListener(name: string): Resource {
  return testListener(name, POISON);
}

/** Routes that the model refuses. */
export function badRoute(name: string): Resource {
  return testRoutes(name, [[POISON, '*']]);
}
