import { readFileSync, writeFileSync } from 'node:fs';

const KIB = 1024;

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
