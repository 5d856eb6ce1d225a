import type { AdsConfig, ConfigSource, GrpcService } from '@weft/model-config-source';
import type { GrpcCallOptions } from '@weft/core-grpc';
import { InMemoryGrpc } from '@weft/core-grpc/testing';
import { createFakeRuntime, type FakeRuntime } from '@weft/core-runtime/testing';
import { createNullScope, type StatsScope } from '@weft/core-stats';
import type { ResourceUpdate, ResourceWatcher, Subscription } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';
import { FakeControlPlane, type ProtocolName } from './testing.ts';

export const CLUSTER = 'envoy.config.cluster.v3.Cluster';
export const ENDPOINTS = 'envoy.config.endpoint.v3.ClusterLoadAssignment';
export const LISTENER = 'envoy.config.listener.v3.Listener';

export const service = (cluster: string): GrpcService => ({
  timeoutMs: 0,
  initialMetadata: [],
  kind: 'cluster',
  cluster,
  authority: cluster,
});

export const ADS: ConfigSource = { kind: 'ads', initialFetchTimeoutMs: 15_000 };

/** Remembers what it hears; refuses resources that `bad` names; takes as long as `gate` says. */
export class Watcher implements ResourceWatcher {
  readonly heard: string[] = [];
  readonly force = new Map<string, string>();
  timeouts = 0;
  bad = new Set<string>();
  gate: Promise<void> = Promise.resolve();

  async onUpdate({ added, removed, version }: ResourceUpdate): Promise<void> {
    await this.gate;
    this.heard.push(`${version}: +${added.map(({ name }) => name).join(',')} -${removed.join(',')}`);
    for (const name of removed) this.force.delete(name);
    for (const { name, cx, version: own } of added) {
      if (this.bad.has(name)) cx.at('name').error('cannot be built');
      else this.force.set(name, own);
    }
  }
  onFetchTimeout(): void {
    this.timeouts += 1;
  }
  next(): string[] {
    return this.heard.splice(0);
  }
}

export interface World {
  readonly server: FakeControlPlane;
  readonly grpc: InMemoryGrpc;
  readonly runtime: FakeRuntime;
  readonly stats: StatsScope;
  readonly subscriptions: Subscriptions;
  /** What the channels were made for. */
  readonly services: GrpcService[];
  subscribe(
    typeName: string,
    names: readonly string[] | 'wildcard',
    source?: ConfigSource,
  ): { watcher: Watcher; subscription: Subscription; stat(name: string): number };
  /** Lets everything happen that can happen now. */
  settle(): Promise<void>;
}

export function createWorld(
  protocol: ProtocolName,
  options: { ads?: Partial<AdsConfig>; path?: string; draws?: readonly number[] } = {},
): World {
  const server = new FakeControlPlane(protocol);
  const grpc = new InMemoryGrpc(server.services(options.path), { eager: true });
  const runtime = createFakeRuntime(options.draws);
  const stats = createNullScope();
  const services: GrpcService[] = [];
  const ads: AdsConfig = {
    kind: 'api',
    apiType: protocol === 'sotw' ? 'GRPC' : 'DELTA_GRPC',
    grpcServices: [service('xds')],
    clusterNames: [],
    refreshDelayMs: 0,
    requestTimeoutMs: 1000,
    setNodeOnFirstMessageOnly: false,
    rateLimit: undefined,
    ...options.ads,
  };
  const subscriptions = new Subscriptions({
    node: { id: 'n', cluster: 'c', locality: undefined, metadata: undefined, version: '1.2.3' },
    ads,
    channels: (target) => {
      services.push(target);
      return {
        call: (path, receiver, more?: GrpcCallOptions) => grpc.call(path, receiver, more),
        close: () => undefined,
      };
    },
    runtime,
    stats,
  });
  let count = 0;
  return {
    server,
    grpc,
    runtime,
    stats,
    subscriptions,
    services,
    subscribe: (typeName, names, source = ADS) => {
      const watcher = new Watcher();
      const scope = stats.scope(`s${count++}.`);
      const subscription = subscriptions.subscribe({ source, typeName, names, stats: scope, watcher });
      void subscription.start();
      return { watcher, subscription, stat: (name) => scope.counter(name).value };
    },
    settle: async () => {
      for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export const cluster = (name: string, more: object = {}): { name: string; fields: object } => ({
  name,
  fields: { name, ...more },
});
export const endpoints = (name: string, weight = 0): { name: string; fields: object } => ({
  name,
  fields: { clusterName: name, ...(weight === 0 ? {} : { policy: { overprovisioningFactor: weight } }) },
});
