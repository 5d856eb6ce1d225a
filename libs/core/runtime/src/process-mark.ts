import { readFileSync, readlinkSync } from 'node:fs';

/** Tells one process from all others, also from those that get its number later. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, in ticks since the machine did; `''` where the system does not tell. */
  readonly started: string;
  /** Which start of the machine. */
  readonly boot: string;
  /** The space that the number is of: containers have numbers of their own. */
  readonly space: string;
}

export function ownMark(): ProcessMark {
  return markOf(process.pid);
}

/** Of a process of our own space, as it is now. */
export function markOf(pid: number): ProcessMark {
  return {
    pid,
    started: startOf(pid),
    boot: text(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    space: text(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** `elsewhere`: it is of another machine or container, or of an earlier start of this machine: we cannot tell. */
export type ProcessLife = 'running' | 'ended' | 'elsewhere';

/** Of a process that may be of another machine: only what is of this one, in our own space, is looked for. */
export function lifeOf(mark: ProcessMark): ProcessLife {
  const own = markOf(mark.pid);
  if (mark.boot === '' || mark.boot !== own.boot || mark.space !== own.space) return 'elsewhere';
  return isThere(mark.pid) && mark.started === own.started ? 'running' : 'ended';
}

/**
 * Of a process of this machine, whose mark was found on its disk. True only where it is certain: a process that we cannot see may
 * live in another container.
 */
export function hasEnded(mark: ProcessMark): boolean {
  const own = markOf(mark.pid);
  if (mark.boot !== own.boot) return true;
  if (mark.space !== own.space) return false;
  return !isThere(mark.pid) || mark.started !== own.started;
}

/** Undefined: the text is no mark. */
export function parseMark(json: string): ProcessMark | undefined {
  try {
    const { pid, started, boot, space } = JSON.parse(json) as Partial<Record<keyof ProcessMark, unknown>>;
    return Number.isInteger(pid) && [started, boot, space].every((one) => typeof one === 'string')
      ? ({ pid, started, boot, space } as ProcessMark)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The 22nd field; the name before it may have spaces and brackets. Source: proc(5), `/proc/<pid>/stat`. */
function startOf(pid: number): string {
  const stat = text(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function text(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
