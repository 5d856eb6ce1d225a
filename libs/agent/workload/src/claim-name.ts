import { after, lifeOf, parseMark, type ProcessMark, type Runtime } from '@weft/core-runtime';
import { NameTaken, RegistrationRefused } from './registration-client.ts';

export interface ClaimNameOptions {
  readonly client: { register(replaces?: string): Promise<void> };
  readonly runtime: Runtime;
  readonly say: (line: string) => void;
  /** How long a registry is waited for that does not answer, in milliseconds. */
  readonly withinMs: number;
}

const AGAIN_MS = 1000;

/**
 * Registers a workload that starts. Where another run has the name:
 *
 *   its process runs on this machine   refused at once
 *   its process is gone                replaced at once
 *   it is of another machine           asked again each second until it renews (refused) or its lease is over (replaced)
 *
 * Rejects with a RegistrationRefused, or with why there was no answer in time.
 */
export async function claimName({ client, runtime, say, withinMs }: ClaimNameOptions): Promise<void> {
  const deadlineMs = runtime.clock.nowMs() + withinMs;
  let found: NameTaken['holder'] | undefined;
  let replaces = '';
  for (;;) {
    try {
      return await client.register(replaces);
    } catch (error) {
      if (error instanceof NameTaken) {
        const { holder } = error;
        const mark = parseMark(holder.process);
        const life = mark === undefined ? 'elsewhere' : lifeOf(mark);
        if (life === 'running') throw new RegistrationRefused(`${error.message} (${processText(mark)} has it)`);
        if (life === 'ended' && replaces !== holder.run) {
          replaces = holder.run;
          continue;
        }
        if (found?.run === holder.run && holder.renewals > found.renewals) throw error;
        if (found?.run !== holder.run) {
          found = holder;
          say(`${error.message}; waiting to see whether that one still lives`);
        }
      } else {
        if (error instanceof RegistrationRefused || runtime.clock.nowMs() > deadlineMs) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        runtime.loggers.get('run').info(`not registered yet: ${reason}`);
      }
    }
    await new Promise<void>((resolve) => after(runtime.timers, AGAIN_MS, () => resolve()));
  }
}

function processText(mark: ProcessMark | undefined): string {
  return mark === undefined ? 'somebody' : `process ${mark.pid}`;
}
