import { HttpTracer, ZipkinReporter, type ZipkinConfig } from '@weft/observe-tracing';
import type { HcmConfig, RequestTracer } from '@weft/proxy-hcm';
import type { ListenerFacts } from '@weft/proxy-filter-api';
import type { ProxyServer } from './proxy-server.ts';
import { ClusterSpanTransport } from './span-transport.ts';

/** The tracers of a proxy's connection managers: those with the same provider share one reporter. */
export class Tracers {
  private readonly proxy: ProxyServer;
  private readonly reporters = new Map<string, ZipkinReporter>();

  constructor(proxy: ProxyServer) {
    this.proxy = proxy;
  }

  create(config: HcmConfig, listener: ListenerFacts): RequestTracer | undefined {
    const provider = config.tracing?.provider;
    if (config.tracing === undefined || provider === undefined) return undefined;
    const { runtime, flags, stats, node } = this.proxy;
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
    const { runtime, flags, stats, clusters, node } = this.proxy;
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
