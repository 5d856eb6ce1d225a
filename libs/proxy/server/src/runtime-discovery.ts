import type { Runtime as RuntimeMessage } from '@weft/api-envoy/gen/envoy/service/runtime/v3/rtds_pb';
import type { StatsScope } from '@weft/core-stats';
import type { ResourceUpdate, ResourceWatcher, Subscription, SubscriptionFactory } from '@weft/xds-client';
import { flattenRuntime, type RuntimeLayer, type RuntimeLayers } from './runtime-layers.ts';

const RUNTIME = 'envoy.service.runtime.v3.Runtime';

/** RTDS: layers of the runtime that come from elsewhere. Source: RuntimeLayer.rtds_layer. */
export class RuntimeDiscovery {
  private readonly layers: RuntimeLayers;
  private readonly subscriptions: Subscription[] = [];

  constructor(layers: RuntimeLayers) {
    this.layers = layers;
  }

  /** Resolves when every layer has its first values, or came too late to be waited for. */
  async start(discovered: readonly RuntimeLayer[], factory: SubscriptionFactory, stats: StatsScope): Promise<void> {
    for (const layer of discovered) {
      if (layer.discovery === undefined) continue;
      const { name, source } = layer.discovery;
      this.subscriptions.push(
        factory.subscribe({
          source,
          typeName: RUNTIME,
          names: [name],
          stats: stats.scope('runtime.'),
          watcher: new LayerWatcher(layer, this.layers),
        }),
      );
    }
    await Promise.all(this.subscriptions.map((subscription) => subscription.start()));
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.close();
  }
}

class LayerWatcher implements ResourceWatcher {
  private readonly layer: RuntimeLayer;
  private readonly layers: RuntimeLayers;

  constructor(layer: RuntimeLayer, layers: RuntimeLayers) {
    this.layer = layer;
    this.layers = layers;
  }

  onUpdate({ added, removed }: ResourceUpdate): Promise<void> {
    const [found] = added;
    if (found !== undefined) {
      const { layer } = found.message as RuntimeMessage;
      this.layers.replace(this.layer, new Map(flattenRuntime(layer)));
    } else if (removed.length > 0) this.layers.replace(this.layer, new Map());
    return Promise.resolve();
  }
}
