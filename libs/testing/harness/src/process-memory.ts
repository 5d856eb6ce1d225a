import { readFileSync, writeFileSync } from 'node:fs';

const KIB = 1024;
/** USER_HZ, the same on every Linux. */
const CLOCK_TICKS = 100;

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1] ?? NaN) * KIB;
}

/** The resident memory of a process, in bytes. Linux only. */
export function residentBytes(pid: number): number {
  return field(pid, 'VmRSS');
}

/** The most resident memory that a process has had since `forgetPeak`, or since its start. */
export function peakResidentBytes(pid: number): number {
  return field(pid, 'VmHWM');
}

/** Begins a new peak, at what the process has now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** CPU time that a process has taken, user and system, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}
