import { call, type RunningProxy } from '@weft/testing-harness';

interface ConfigSection {
  readonly '@type': string;
}

/**
 * What the proxy with this admin port works with, endpoints and all, without the times at which it came. Without secrets too: a
 * workload may have a new certificate at any time.
 */
export async function configStateAt(adminPort: number): Promise<unknown> {
  const { body } = await call({ port: adminPort, path: '/config_dump?include_eds' });
  const untimed = (key: string, value: unknown): unknown => (key === 'last_updated' ? undefined : value);
  const { configs } = JSON.parse(body, untimed) as { configs: readonly ConfigSection[] };
  return configs.filter((section) => !section['@type'].endsWith('.SecretsConfigDump'));
}

export function configState(proxy: RunningProxy): Promise<unknown> {
  return configStateAt(proxy.admin);
}

/** The names of the clusters that a proxy got by xDS and works with. */
export async function activeClusters(proxy: RunningProxy): Promise<readonly string[]> {
  const { body } = await proxy.ask('/config_dump?resource=dynamic_active_clusters&mask=cluster.name');
  const { configs = [] } = JSON.parse(body) as { configs?: { cluster: { name: string } }[] };
  return configs.map(({ cluster }) => cluster.name).sort();
}
