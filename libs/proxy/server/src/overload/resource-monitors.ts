import type { Clock } from '@weft/core-runtime';
import { existsSync, readFileSync } from 'node:fs';
import { constrainedMemory } from 'node:process';
import type { DataPlaneFacts } from '../data-plane.ts';
import type { MonitorConfig } from './overload.decode.ts';

/** What a monitor may look at besides the machine. */
export interface MonitorWorld {
  readonly clock: Clock;
}

/** Says how near a resource is to its limit: 0 to 1, or beyond. Throws a sentence when it cannot tell. */
export type ResourceMonitor = (facts: DataPlaneFacts) => number;

/** The weight of the newest sample of CPU use, as Envoy's monitor smooths it. */
const CPU_SMOOTHING = 0.05;

export function createMonitor(config: MonitorConfig, world: MonitorWorld): ResourceMonitor {
  switch (config.kind) {
    case 'heap':
      // Bytes outside V8's heap (buffers) count as much as those in it, as Envoy's allocator counts both.
      return () => {
        const { heapUsed, external } = process.memoryUsage();
        return (heapUsed + external) / config.maxBytes;
      };
    case 'cgroup':
      return () => cgroupBytes() / limitOf(config.maxBytes);
    case 'injected':
      return () => injected(config.path);
    case 'cpu':
      return config.container ? containerCpu(world.clock) : hostCpu();
    case 'loop':
      return ({ loopDelayMs }) => loopDelayMs / config.maxDelayMs;
  }
}

function injected(path: string): number {
  const text = readFileSync(path, 'utf8').trim();
  const pressure = Number(text);
  if (text === '' || !Number.isFinite(pressure)) throw new Error(`${path} holds "${text}", which is no number`);
  if (pressure < 0 || pressure > 1) throw new Error(`${path} holds ${pressure}, which is not between 0 and 1`);
  return pressure;
}

const CGROUP_FILES = ['/sys/fs/cgroup/memory.current', '/sys/fs/cgroup/memory/memory.usage_in_bytes'];

function cgroupBytes(): number {
  const path = CGROUP_FILES.find((each) => existsSync(each));
  if (path === undefined) throw new Error('this machine has no memory control group');
  return Number(readFileSync(path, 'utf8'));
}

/** The smaller of the configured limit and the group's own; 0 configured: the group's. */
function limitOf(maxBytes: number): number {
  const own = constrainedMemory() || Infinity;
  return maxBytes === 0 ? own : Math.min(maxBytes, own);
}

/** The share of all CPUs that was not idle since the last look, smoothed. Source: /proc/stat. */
function hostCpu(): ResourceMonitor {
  let last = cpuTimes();
  let use = 0;
  return () => {
    const now = cpuTimes();
    const total = now.total - last.total;
    if (total > 0) use = ((now.work - last.work) / total) * CPU_SMOOTHING + use * (1 - CPU_SMOOTHING);
    last = now;
    return use;
  };
}

function cpuTimes(): { readonly work: number; readonly total: number } {
  const [, user = 0, nice = 0, system = 0, idle = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .split(/\s+/)
    .map(Number);
  const work = user + nice + system;
  return { work, total: work + idle };
}

/** CPU time of the control group over what its quota allows, smoothed. Source: cgroup v2's cpu.stat and cpu.max. */
function containerCpu(clock: Clock): ResourceMonitor {
  let last = { usageUs: groupUsageUs(), atMs: clock.nowMs() };
  let use = 0;
  return () => {
    const now = { usageUs: groupUsageUs(), atMs: clock.nowMs() };
    const elapsedUs = (now.atMs - last.atMs) * 1000;
    if (elapsedUs > 0)
      use = ((now.usageUs - last.usageUs) / elapsedUs / groupCpus()) * CPU_SMOOTHING + use * (1 - CPU_SMOOTHING);
    last = now;
    return use;
  };
}

function groupUsageUs(): number {
  const match = /^usage_usec (\d+)$/m.exec(readFileSync('/sys/fs/cgroup/cpu.stat', 'utf8'));
  if (match === null) throw new Error('/sys/fs/cgroup/cpu.stat has no usage_usec');
  return Number(match[1]);
}

function groupCpus(): number {
  const [quota = 'max', period = '100000'] = readFileSync('/sys/fs/cgroup/cpu.max', 'utf8').trim().split(' ');
  if (quota !== 'max') return Number(quota) / Number(period);
  return readFileSync('/proc/cpuinfo', 'utf8').match(/^processor\s*:/gm)?.length ?? 1;
}
