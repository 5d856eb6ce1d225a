import { after, type Runtime, type Timers } from '@weft/core-runtime';
import { Child, exitCodeOf, type Program } from './child.ts';
import { groupProbe } from './group-probe.ts';
import { healthLines } from './health-lines.ts';
import { HealthWatch } from './health-watch.ts';
import { probeOf } from './probe.ts';
import { registryFault } from './registry-url.ts';
import type { RunOptions } from './run-options.ts';

export interface ProgramHealthOptions {
  readonly options: RunOptions;
  /** What the WorkloadGroup says: WorkloadGroup.probe. */
  readonly told: unknown;
  readonly runtime: Runtime;
  /** Commands of a probe run where the program does, with its environment. */
  readonly wrap: (program: Program) => Program;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  readonly onHealth: (healthy: boolean) => void;
}

/**
 * Watches the health of a program: as the flags say, else as its WorkloadGroup does. Start it when the program was started.
 * @throws Error where the group would have a command run, and a registry said so that anybody could stand for
 */
export function programHealth(given: ProgramHealthOptions): HealthWatch {
  const { options, told, runtime, wrap, env, say, onHealth } = given;
  const { name, port, controlPlane } = options;
  const group = options.ownProbe ? undefined : groupProbe(told);
  const probe = group?.probe ?? options.probe;
  const { registry } = controlPlane;
  if (group?.probe.kind === 'exec' && registry !== undefined && registryFault(registry, false) !== undefined)
    throw new Error(
      `the WorkloadGroup ${options.group ?? ''} would have the command "${group.probe.command.join(' ')}" run here, and who ` +
        `answers at ${registry} in the clear may be anybody: give another --probe, or register over TLS`,
    );
  const lines = healthLines(name, probe, port?.app ?? 0);
  if (lines.waiting !== undefined) say(lines.waiting);
  const run = (command: readonly string[], timeoutMs: number): Promise<boolean> =>
    succeeds(command, { wrap, env, timers: runtime.timers, timeoutMs });
  const means = group === undefined ? {} : { timeoutMs: group.timing.timeoutMs, run, clock: runtime.clock };
  return new HealthWatch({
    probe: probeOf(probe, port?.app ?? 0, runtime.timers, means),
    ...(group === undefined ? {} : { timing: group.timing }),
    runtime,
    onChange: (healthy) => {
      say(lines.changed(healthy));
      onHealth(healthy);
    },
    onSlow: () => say(lines.slow),
  });
}

/** What commands of probes say is heard by nobody. */
const NOWHERE = '/dev/null';

async function succeeds(
  [command = '', ...args]: readonly string[],
  {
    wrap,
    env,
    timers,
    timeoutMs,
  }: Pick<ProgramHealthOptions, 'wrap' | 'env'> & { readonly timers: Timers; readonly timeoutMs: number },
): Promise<boolean> {
  const child = new Child(wrap({ command, args }), { env, log: NOWHERE, apart: true });
  let late = false;
  const deadline = after(timers, timeoutMs, () => {
    late = true;
    child.kill('SIGKILL');
  });
  const ending = await child.ended;
  deadline.cancel();
  return !late && ending.fault === undefined && exitCodeOf(ending) === 0;
}
