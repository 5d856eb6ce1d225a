import { durationMs } from '../duration.ts';
import type { Report } from '../report.ts';

/** Proxies count in nanoseconds, in 64 bits. Source: Envoy's DurationUtil. */
const MOST_MS = 9_223_372_036_000;

/** A duration that proxies can count. `leastMs`: default none. What is no duration at all is its schema's to say. */
export function checkDuration(text: string | undefined, path: string, report: Report, leastMs = 0): void {
  const ms = durationMs(text);
  if (ms === undefined) return;
  if (ms > MOST_MS) report(path, `"${text ?? ''}" is too long`, { expected: 'at most 2562047h, which is 292 years' });
  if (ms < leastMs) report(path, `"${text ?? ''}" is too short`, { expected: `at least ${shown(leastMs)}` });
}

function shown(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
