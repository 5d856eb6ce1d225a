import type { RunningProxy } from '@weft/testing-harness';

/** What a proxy works with, endpoints and all, without the times at which it came. */
export async function configState(proxy: RunningProxy): Promise<unknown> {
  const { body } = await proxy.ask('/config_dump?include_eds');
  return JSON.parse(body, (key, value: unknown) => (key === 'last_updated' ? undefined : value));
}

/** The names of the clusters that a proxy got by xDS and works with. */
export async function activeClusters(proxy: RunningProxy): Promise<readonly string[]> {
  const { body } = await proxy.ask('/config_dump?resource=dynamic_active_clusters&mask=cluster.name');
  const { configs = [] } = JSON.parse(body) as { configs?: { cluster: { name: string } }[] };
  return configs.map(({ cluster }) => cluster.name).sort();
}
