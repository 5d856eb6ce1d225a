import type { RunState } from '../run-state.ts';
import type { Settings } from '../settings.ts';
import type { Status } from '../status.ts';

/** What the demo answers to a change of its switches. */
export interface Applied {
  readonly settings: Settings;
  readonly remarks: readonly string[];
  /** Which proxies and services took something new, and when they had it. */
  readonly changed: readonly string[];
  /** The documents of the mesh that were written or taken away. */
  readonly documents: readonly string[];
  readonly tookMs: number;
}

const WITHIN_MS = 15_000;

export async function postSettings({ control }: RunState, changes: Partial<Settings>): Promise<Applied> {
  return (await ask(`${control}/settings`, 'POST', changes)) as Applied;
}

export async function getStatus({ control }: RunState): Promise<Status> {
  return (await ask(`${control}/status.json`, 'GET')) as Status;
}

export async function postStop({ control }: RunState): Promise<void> {
  await ask(`${control}/stop`, 'POST', {});
}

async function ask(url: string, method: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(WITHIN_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { faults } = answer as { faults?: readonly string[] };
  throw new Error(faults?.join('\n') ?? `the demo answered ${response.status}`);
}
