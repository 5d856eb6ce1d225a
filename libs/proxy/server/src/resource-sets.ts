import { nearest, reportUnsupported, validateMessage, type DecodeContext, type Fault } from '@weft/api-envoy';
import type { Cluster } from '@weft/api-envoy/gen/envoy/config/cluster/v3/cluster_pb';
import type { Listener } from '@weft/api-envoy/gen/envoy/config/listener/v3/listener_pb';
import type { HcmConfig } from '@weft/proxy-hcm';
import type { DecodedListener } from '@weft/proxy-listeners';
import type { DecodedCluster } from '@weft/proxy-upstream';
import { FileSubscription, type ReceivedResource, type ResourceUpdate, type Subscription } from '@weft/xds-client';
import type { FileSource } from './bootstrap.decode.ts';
import { clusterPlaces } from './cluster-places.ts';
import type { ProxyServer } from './proxy-server.ts';
import { supported } from './support.ts';

/** The sets of clusters and listeners of a proxy: checks and decodes them, from the bootstrap and from CDS and LDS. */
export class ResourceSets {
  private readonly proxy: ProxyServer;
  private readonly subscriptions: Subscription[] = [];

  constructor(proxy: ProxyServer) {
    this.proxy = proxy;
  }

  decodeClusters(received: readonly ReceivedResource[]): DecodedCluster[] {
    rejectTwins(received, 'cluster');
    return received.flatMap(({ message, cx }) => this.proxy.clusters.decode(message as Cluster, cx) ?? []);
  }

  decodeListeners(received: readonly ReceivedResource[]): DecodedListener[] {
    rejectTwins(
      received.filter(({ message }) => (message as Listener).name !== ''),
      'listener',
    );
    return received.flatMap(({ message, cx }) => this.proxy.listeners.decode(message as Listener, cx) ?? []);
  }

  /**
   * Inline routes to a cluster that is nowhere are a typing error in nearly every case: Envoy refuses them in a bootstrap
   * (`validate_clusters`), so the proxy does.
   */
  checkRoutes(listeners: readonly DecodedListener[], clusters: readonly Cluster[], cx: DecodeContext): void {
    // Those with faults count: they are there. One whose name could not be read may be any.
    const known = new Set(clusters.map(({ name }) => name));
    if (known.has('') || this.proxy.bootstrap.dynamicResources?.cdsConfig !== undefined) return;
    listeners.forEach((listener, i) => {
      const { chains, defaultChain } = listener.config;
      for (const chain of defaultChain === undefined ? chains : [...chains, defaultChain]) {
        const { routes } = (chain.filters.at(-1)?.config ?? {}) as Partial<HcmConfig>;
        if (routes?.kind !== 'static' || routes.table.validateClusters === false) continue;
        for (const name of routes.table.clusterNames)
          if (!known.has(name)) reportMissing(name, known, { message: listener.message, cx: cx.at('listeners', i) });
      }
    });
  }

  startClusters(source: FileSource | undefined): Promise<void> {
    return this.start(source, 'envoy.config.cluster.v3.Cluster', 'cluster_manager.cds.', (update, put) => {
      const decoded = this.decodeClusters(update.resources);
      return (
        put && this.accept(update, () => Promise.resolve(this.proxy.clusters.applyDiscovered(decoded, update.version)))
      );
    });
  }

  startListeners(source: FileSource | undefined): Promise<void> {
    return this.start(source, 'envoy.config.listener.v3.Listener', 'listener_manager.lds.', (update, put) => {
      const decoded = this.decodeListeners(update.resources);
      return put && this.accept(update, () => this.proxy.listeners.applyDiscovered(decoded, update.version));
    });
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.close();
  }

  private async start(
    source: FileSource | undefined,
    typeName: string,
    scope: string,
    // `put` false: only judge.
    take: (update: ResourceUpdate, put: boolean) => false | Promise<readonly Fault[]>,
  ): Promise<void> {
    if (source === undefined) return;
    const { runtime, stats } = this.proxy;
    const { path, watchedDirectory } = source;
    const options = {
      path,
      typeName,
      stats: stats.scope(scope),
      runtime,
      ...(watchedDirectory === undefined ? {} : { watchedDirectory }),
    };
    const check = (update: ResourceUpdate): void => {
      for (const { message, cx } of update.resources) {
        validateMessage(message, cx);
        reportUnsupported(message, supported, cx);
      }
    };
    const subscription = new FileSubscription(options, {
      onUpdate: async (update) => {
        check(update);
        return (await take(update, true)) || [];
      },
      judge: (update) => {
        check(update);
        void take(update, false);
      },
    });
    this.subscriptions.push(subscription);
    await subscription.start();
  }

  /** All resources of an update share one list of faults: with any, nothing of it is applied. */
  private async accept(update: ResourceUpdate, apply: () => Promise<unknown>): Promise<readonly Fault[]> {
    const cx = update.resources[0]?.cx;
    if (cx !== undefined && cx.faults.length > 0) return cx.faults;
    const logger = this.proxy.runtime.loggers.get('config');
    for (const warning of cx?.warnings ?? []) logger.warning(`${warning.file}: ${warning.path}: ${warning.message}`);
    try {
      await apply();
      return [];
    } catch (error) {
      return [{ path: '', file: '', message: (error as Error).message }];
    }
  }
}

function rejectTwins(received: readonly ReceivedResource[], kind: string): void {
  const seen = new Set<string>();
  for (const { message, cx } of received) {
    const { name } = message as Cluster | Listener;
    if (seen.has(name)) cx.at('name').error(`there are two ${kind}s named "${name}"`, { expected: 'each name once' });
    seen.add(name);
  }
}

/** At each place where a route names the cluster. */
function reportMissing(
  name: string,
  known: ReadonlySet<string>,
  listener: { readonly message: Listener; readonly cx: DecodeContext },
): void {
  const places = clusterPlaces(listener.message).filter(({ cluster }) => cluster === name);
  if (places.length === 0)
    listener.cx.error(`routes to the cluster "${name}", which does not exist`, nearestHint(name, known));
  for (const { path } of places)
    listener.cx.at(...path).error(`there is no cluster "${name}"`, nearestHint(name, known));
}

function nearestHint(name: string, known: ReadonlySet<string>): { suggestion?: string } {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? {} : { suggestion };
}
