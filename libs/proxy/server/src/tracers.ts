import type { Runtime } from '@weft/core-runtime';
import type { StatsScope } from '@weft/core-stats';
import { CommandTracer, HttpTracer, ZipkinReporter, type ZipkinConfig } from '@weft/observe-tracing';
import type { HcmConfig, RequestTracer } from '@weft/proxy-hcm';
import type { ListenerFacts } from '@weft/proxy-filter-api';
import type { ClusterManager } from '@weft/proxy-upstream';
import type { BootstrapConfig, NodeConfig } from './bootstrap.decode.ts';
import type { RuntimeLayers } from './runtime-layers.ts';
import { ClusterSpanTransport } from './span-transport.ts';

/** The proxy that traces. */
export interface TracersOwner {
  readonly config: Pick<BootstrapConfig, 'tracing'>;
  readonly runtime: Runtime;
  readonly flags: RuntimeLayers;
  readonly stats: StatsScope;
  readonly node: NodeConfig;
  readonly clusters: ClusterManager;
}

/** The tracers of a proxy: those with the same provider share one reporter. */
export class Tracers {
  private readonly owner: TracersOwner;
  private readonly reporters = new Map<string, ZipkinReporter>();
  private commands: CommandTracer | undefined;

  constructor(owner: TracersOwner) {
    this.owner = owner;
  }

  create(config: HcmConfig, listener: ListenerFacts): RequestTracer | undefined {
    if (config.tracing === undefined) return undefined;
    const provider = config.tracing.provider ?? this.owner.config.tracing;
    if (provider === undefined || provider === 'unsupported') return undefined;
    const { runtime, flags, stats, node } = this.owner;
    return new HttpTracer(config.tracing, provider, {
      clock: runtime.clock,
      random: runtime.random,
      flags,
      stats: stats.scope(`http.${config.statPrefix}.`),
      node,
      reporter: this.reporter(provider),
      trafficDirection: listener.trafficDirection,
      // Custom tags may name variables of the environment; only configuration decides which are looked at.
      // eslint-disable-next-line no-restricted-properties
      environment: (name) => process.env[name],
    });
  }

  /** For filters of protocols that carry no trace context. Undefined: the bootstrap names no provider. */
  get commandTracer(): CommandTracer | undefined {
    const { config, runtime, flags } = this.owner;
    if (config.tracing === undefined) return undefined;
    // Made when first asked for: its reporter has a timer, which a proxy that only validates must not start.
    this.commands ??= new CommandTracer(config.tracing, {
      clock: runtime.clock,
      random: runtime.random,
      flags,
      reporter: this.reporter(config.tracing),
    });
    return this.commands;
  }

  flush(): void {
    for (const reporter of this.reporters.values()) reporter.flush();
  }

  close(): void {
    for (const reporter of this.reporters.values()) reporter.close();
  }

  private reporter(provider: ZipkinConfig): ZipkinReporter {
    const key = JSON.stringify(provider);
    const known = this.reporters.get(key);
    if (known !== undefined) return known;
    const { runtime, flags, stats, clusters, node } = this.owner;
    const reporter = new ZipkinReporter(provider, {
      timers: runtime.timers,
      flags,
      stats,
      endpoint: { serviceName: node.cluster, ip: '' },
      transport: new ClusterSpanTransport(clusters, runtime.timers),
    });
    this.reporters.set(key, reporter);
    return reporter;
  }
}
