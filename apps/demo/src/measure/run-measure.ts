import type { MeasureOptions } from '../cli/options.ts';
import { columns } from '../cli/table.ts';
import { getStatus, postSettings } from '../control/control-client.ts';
import type { RunState } from '../run-state.ts';
import { SETTING_NAMES, settingsText } from '../settings.ts';
import {
  measureCanary,
  measureChanges,
  measurePages,
  measureSplit,
  type CanaryMeasured,
  type ChangesMeasured,
  type PagesMeasured,
  type SplitMeasured,
  type Target,
} from './measurements.ts';

/** What `weft demo measure --json` prints. */
export interface Measured {
  readonly withoutRetries: PagesMeasured;
  readonly withRetries: PagesMeasured;
  readonly split: SplitMeasured;
  readonly canary: readonly CanaryMeasured[];
  readonly changes: ChangesMeasured;
}

/** Measures on the running demo, prints, and puts the switches back. Others who use the demo meanwhile spoil the counts. */
export async function runMeasure(demo: RunState, options: MeasureOptions, out: (line: string) => void): Promise<void> {
  const { settings, processes } = await getStatus(demo);
  const admin = processes.find(({ name }) => name === 'playlists-api-sidecar')?.admin;
  const target: Target = { demo, sidecarAdmin: Number(new URL(admin ?? '').port) };
  const say = options.json ? (): void => undefined : (lines: readonly string[]): void => lines.forEach(out);
  try {
    const measured = await measureAll(target, options, say);
    if (options.json) out(JSON.stringify(measured, null, 2));
  } finally {
    await postSettings(demo, Object.fromEntries(SETTING_NAMES.map((name) => [name, settings[name]])));
    say([`The switches are back: ${settingsText(settings)}`]);
  }
}

async function measureAll(
  target: Target,
  { pages, requests }: MeasureOptions,
  say: (lines: readonly string[]) => void,
): Promise<Measured> {
  const withoutRetries = await measurePages(target, pages, false);
  say(pagesLines('flaky, without retries', withoutRetries));
  const withRetries = await measurePages(target, pages, true);
  say(pagesLines('flaky, up to ten retries', withRetries));
  const split = await measureSplit(target, requests);
  say(splitLines(split));
  const canary = await measureCanary(target);
  say(canaryLines(canary));
  const changes = await measureChanges(target);
  say(changesLines(changes));
  return { withoutRetries, withRetries, split, canary, changes };
}

const percent = (part: number, whole: number): string => `${whole === 0 ? '-' : ((100 * part) / whole).toFixed(1)} %`;

function pagesLines(title: string, { pages, complete, expected, sidecar }: PagesMeasured): string[] {
  const { attempts, failedAttempts, retries, retrySuccesses, calls, failedCalls } = sidecar;
  return [
    `${title}: ${complete} of ${pages} pages complete (${percent(complete, pages)}; chance allows ${expected.least} to ${expected.most})`,
    `    calls of videos-api    ${calls}, of which ${failedCalls} failed in the eyes of playlists-api (${percent(calls - failedCalls, calls)} succeeded)`,
    `    attempts on the wire   ${attempts}, of which ${failedAttempts} failed (${percent(attempts - failedAttempts, attempts)} succeeded)`,
    `    upstream_rq_retry      ${retries}`,
    `    upstream_rq_retry_success  ${retrySuccesses}`,
    '',
  ];
}

function splitLines({
  requests,
  version1,
  version2,
  failed,
  expected,
  apiLoads,
  apiComplete,
}: SplitMeasured): string[] {
  return [
    `split=50: ${version2} of ${requests} pages were version 2 (chance allows ${expected.least} to ${expected.most}), ${version1} version 1, ${failed} failed`,
    `    /api/playlists meanwhile: ${apiComplete} of ${apiLoads} complete`,
    '',
  ];
}

function canaryLines(cases: readonly CanaryMeasured[]): string[] {
  const rows = cases.map(({ cookie, expected, requests, right }) => [
    cookie === undefined ? 'no cookie' : `cookie: ${cookie}`,
    `${right} of ${requests} got version ${expected}`,
  ]);
  return ['canary=on:', ...columns(rows).map((line) => `    ${line}`), ''];
}

function changesLines({ changes, requests, failed }: ChangesMeasured): string[] {
  return [`${changes} changes of weights and retries under load: ${failed} of ${requests} requests failed`, ''];
}
