import { call, workingState, type RunningProxy } from '@weft/testing-harness';

/** What the proxy with this admin port works with, endpoints and all: without secrets, and the times at which things came. */
export async function configStateAt(adminPort: number): Promise<unknown> {
  return JSON.parse(workingState((await call({ port: adminPort, path: '/config_dump?include_eds' })).body)) as unknown;
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
