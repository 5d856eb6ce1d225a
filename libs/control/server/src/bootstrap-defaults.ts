import type { MeshSnapshot } from '@weft/control-mesh';
import type { BootstrapDefaults } from '@weft/control-registry';
import { spanCluster } from '@weft/control-translate';

/** What of the mesh's settings is for bootstraps: a proxy has it from its start on. */
export function bootstrapDefaults(snapshot: MeshSnapshot): BootstrapDefaults {
  const { metricsService: stats, statsdUdpAddress: statsd = '' } = snapshot.config;
  return {
    spanCluster: spanCluster(snapshot) ?? '',
    metricsService: typeof stats === 'object' ? addressOf(stats) : (stats ?? ''),
    statsd,
  };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
