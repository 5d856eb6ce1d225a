/** How many hosts of each kind one priority has. */
export interface PriorityHealth {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

/** What share of all requests one priority gets, in percent; all shares together are 100 unless there is no host at all. */
export interface PriorityLoad {
  readonly healthy: number;
  readonly degraded: number;
  /** Too few hosts are healthy: the share goes to all of them, whatever their health. */
  readonly panic: boolean;
}

/**
 * Shares the load among priorities: each takes what its healthy hosts (times the overprovisioning factor) can bear, the next
 * takes the rest; degraded hosts follow the healthy ones of all priorities. Where all together do not reach 100 percent, the
 * shares are scaled up; priorities below the panic threshold then use all their hosts. Source: Envoy's load balancing docs,
 * priority levels and panic threshold.
 */
export function priorityLoads(
  priorities: readonly PriorityHealth[],
  overprovisioningFactor: number,
  panicThreshold: number,
): PriorityLoad[] {
  const bearable = (hosts: number, total: number): number =>
    total === 0 ? 0 : Math.min(100, Math.floor((overprovisioningFactor * hosts) / total));
  const healthy = priorities.map((priority) => bearable(priority.healthy, priority.total));
  const degraded = priorities.map((priority) => bearable(priority.degraded, priority.total));
  const sum = [...healthy, ...degraded].reduce((a, b) => a + b, 0);
  const available = Math.min(100, sum);
  // Enough healthy hosts in all priorities together: no priority panics, however few of its own are healthy.
  const panics = priorities.map(
    ({ healthy: well, degraded: slow, total }) =>
      available < 100 && total > 0 && ((well + slow) * 100) / total < panicThreshold,
  );
  if (available === 0) return allInPanic(priorities, panicThreshold);

  let left = 100;
  const take = (share: number): number => {
    const taken = Math.min(left, Math.round((share * 100) / available));
    left -= taken;
    return taken;
  };
  const healthyShares = healthy.map(take);
  const degradedShares = degraded.map(take);
  if (left > 0) {
    // Rounding lost a percent or two: the first priority that has load gets it.
    const first = healthyShares.findIndex((share) => share > 0);
    if (first >= 0) healthyShares[first] = (healthyShares[first] as number) + left;
    else {
      const slow = degradedShares.findIndex((share) => share > 0);
      degradedShares[slow] = (degradedShares[slow] as number) + left;
    }
  }
  return priorities.map((_, i) => ({
    healthy: healthyShares[i] as number,
    degraded: degradedShares[i] as number,
    panic: panics[i] as boolean,
  }));
}

/** No host is available anywhere: load goes by the number of hosts, or nowhere where panic is switched off. */
function allInPanic(priorities: readonly PriorityHealth[], panicThreshold: number): PriorityLoad[] {
  const total = priorities.reduce((sum, priority) => sum + priority.total, 0);
  let left = 100;
  return priorities.map((priority, i) => {
    const last = priorities.slice(i + 1).every((later) => later.total === 0);
    const share = total === 0 ? 0 : last && priority.total > 0 ? left : Math.floor((100 * priority.total) / total);
    left -= share;
    return { healthy: share, degraded: 0, panic: panicThreshold > 0 && priority.total > 0 };
  });
}
