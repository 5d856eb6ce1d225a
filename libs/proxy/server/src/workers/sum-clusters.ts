import type { AdminAddress, ClusterStatus, HostStats, HostStatus } from '@weft/observe-admin';

/** The clusters as the first worker has them, with what all workers counted for each host. */
export function sumClusters(views: readonly (readonly ClusterStatus[])[]): readonly ClusterStatus[] {
  const [first = [], ...others] = views;
  return first.map((cluster) => {
    const same = others.flatMap((view) => view.find(({ name }) => name === cluster.name) ?? []);
    return { ...cluster, hosts: cluster.hosts.map((host) => sumHost(host, same)) };
  });
}

function sumHost(host: HostStatus, others: readonly ClusterStatus[]): HostStatus {
  const key = keyOf(host.address);
  const same = others.flatMap(
    ({ hosts }) => hosts.find((each) => keyOf(each.address) === key && each.priority === host.priority) ?? [],
  );
  const stats: Record<string, number> = {};
  for (const [name, value] of Object.entries(plain(host.stats)))
    stats[name] = same.reduce((sum, each) => sum + (plain(each.stats)[name as keyof HostStats] ?? 0), value);
  return { ...host, stats: stats as unknown as HostStats };
}

/** Only the numbers: what crossed threads has no getters, what did not may have. */
export function plain(stats: HostStats): HostStats {
  const { cxActive, cxConnectFail, cxTotal, rqActive, rqPendingActive, rqError, rqSuccess, rqTimeout, rqTotal } = stats;
  return { cxActive, cxConnectFail, cxTotal, rqActive, rqPendingActive, rqError, rqSuccess, rqTimeout, rqTotal };
}

function keyOf(address: AdminAddress): string {
  return 'path' in address ? address.path : `${address.ip} ${address.port}`;
}
