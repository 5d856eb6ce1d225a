import type { MeshConfig } from '@weft/control-mesh';
import type { BootstrapDefaults } from '@weft/control-registry';

/** What of the mesh's settings is for bootstraps: a proxy has it from its start on. */
export function bootstrapDefaults({
  tracing,
  metricsService: stats,
  statsdUdpAddress: statsd = '',
}: Pick<MeshConfig, 'tracing' | 'metricsService' | 'statsdUdpAddress'>): BootstrapDefaults {
  return {
    // A collector in the mesh has the name of its own cluster.
    traced: tracing !== undefined && tracing.inMesh !== true,
    metricsService: typeof stats === 'object' ? addressOf(stats) : (stats ?? ''),
    statsd,
  };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
