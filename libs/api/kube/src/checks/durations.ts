import type { Report } from '../report.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
/** Proxies count in nanoseconds, in 64 bits. Source: Envoy's DurationUtil. */
const MOST_MS = 9_223_372_036_000;

/** A duration that proxies can count. `leastMs`: default none. What is no duration at all is its schema's to say. */
export function checkDuration(text: string | undefined, path: string, report: Report, leastMs = 0): void {
  const ms = milliseconds(text);
  if (ms === undefined) return;
  if (ms > MOST_MS) report(path, `"${text ?? ''}" is too long`, { expected: 'at most 2562047h, which is 292 years' });
  if (ms < leastMs) report(path, `"${text ?? ''}" is too short`, { expected: `at least ${shown(leastMs)}` });
}

function milliseconds(text: string | undefined): number | undefined {
  const parts = [...(text ?? '').matchAll(/(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ''] ?? 0), 0);
}

function shown(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
